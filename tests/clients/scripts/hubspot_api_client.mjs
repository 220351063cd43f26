// What applications do with HubSpot's client for Node. CONTACT is whom they look at.
import { BASE_URL, TOKEN, require, take } from "./steps.mjs";

const { Client } = require("@hubspot/api-client");
const { CONTACT = "101", EMAIL = "ada.node@example.com", COMPANY = "5002", OTHER_COMPANY = "5003" } = process.env;
const client = new Client({ accessToken: TOKEN, basePath: BASE_URL, numberOfApiCallRetries: 2 });
const { contacts, companies, associations, properties, owners, pipelines, schemas } = client.crm;
const made = {};

const having = (propertyName) => ({
  filterGroups: [{ filters: [{ propertyName, operator: "HAS_PROPERTY" }] }],
  properties: [],
  limit: 1,
  after: "0",
});
const onlyVip = { filterGroups: [{ filters: [{ propertyName: "vip", operator: "EQ", value: "true" }] }] };
const LABELED = [{ associationCategory: "USER_DEFINED", associationTypeId: 41 }];
const CONSENT = { legalBasis: "CONSENT_WITH_NOTICE", legalBasisExplanation: "on the phone" };
const ada = async () => {
  const contact = await contacts.basicApi.create({ associations: [], properties: { email: EMAIL, firstname: "Ada" } });
  made.id = contact.id;
  return contact;
};
const subscription = async () =>
  (await client.communicationPreferences.definitionApi.getPage()).subscriptionDefinitions.find((each) => each.isActive).id;

await take({
  records: {
    page: () => contacts.basicApi.getPage(2, undefined, ["email", "firstname"], undefined, ["companies"], false),
    all: async () => (await contacts.getAll()).length,
    companies: () => companies.basicApi.getPage(1),
    byId: () => contacts.basicApi.getById(CONTACT, ["email", "city"]),
    byEmail: async () => {
      const { properties: known } = await contacts.basicApi.getById(CONTACT, ["email"]);
      return contacts.basicApi.getById(known.email, ["email"], undefined, undefined, false, "email");
    },
    history: () => contacts.basicApi.getById(CONTACT, undefined, ["email"]),
    create: () => ada(),
    update: () => contacts.basicApi.update(made.id, { properties: { firstname: "Augusta" } }),
    search: () =>
      contacts.searchApi.doSearch({ ...onlyVip, sorts: ["-createdate"], properties: ["vip", "createdate"], limit: 5, after: "0" }),
    searchByObjects: () =>
      contacts.searchApi.doSearch({
        ...onlyVip,
        sorts: [{ propertyName: "createdate", direction: "DESCENDING" }],
        properties: ["createdate"],
        limit: 5,
        after: "0",
      }),
    batchRead: () =>
      contacts.batchApi.read({ inputs: [{ id: CONTACT }, { id: "1" }], properties: ["email"], propertiesWithHistory: [] }),
    batchCreate: async () => {
      const born = await contacts.batchApi.create({ inputs: [{ associations: [], properties: { email: `b.${EMAIL}` } }] });
      made.second = born.results[0].id;
      return born;
    },
    batchUpdate: () => contacts.batchApi.update({ inputs: [{ id: made.second, properties: { firstname: "Byron" } }] }),
    batchUpsert: () =>
      contacts.batchApi.upsert({ inputs: [{ id: `b.${EMAIL}`, idProperty: "email", properties: { lastname: "King" } }] }),
    batchArchive: () => contacts.batchApi.archive({ inputs: [{ id: made.second }] }),
    rawRequest: async () => (await client.apiRequest({ path: `/crm/v3/objects/contacts/${CONTACT}/` })).json(),
    archive: () => contacts.basicApi.archive(made.id),
    erase: () => contacts.basicApi.purge({ objectId: CONTACT }),
    erased: () => contacts.basicApi.getById(CONTACT, undefined, undefined, undefined, true),
  },
  portal: {
    linkDefault: async () => associations.v4.basicApi.createDefault("contacts", (await ada()).id, "companies", COMPANY),
    linkLabeled: () => associations.v4.basicApi.create("contacts", made.id, "companies", OTHER_COMPANY, LABELED),
    links: () => associations.v4.basicApi.getPage("contacts", made.id, "companies", undefined, 500),
    linksInBatch: () => associations.v4.batchApi.getPage("contacts", "companies", { inputs: [{ id: made.id }] }),
    unlink: () => associations.v4.basicApi.archive("contacts", made.id, "companies", COMPANY),
    labels: () => associations.v4.schema.definitionsApi.getAll("contacts", "companies"),
    properties: () => properties.coreApi.getAll("contacts"),
    property: () => properties.coreApi.getByName("contacts", "marketing_consents"),
    owners: () => owners.ownersApi.getPage(),
    owner: () => owners.ownersApi.getById(7003),
    pipelines: () => pipelines.pipelinesApi.getAll("deals"),
    schemas: () => schemas.coreApi.getAll(),
    definitions: () => client.communicationPreferences.definitionApi.getPage(),
    subscribe: async () =>
      client.communicationPreferences.statusApi.subscribe({ emailAddress: EMAIL, subscriptionId: await subscription(), ...CONSENT }),
    unsubscribe: async () =>
      client.communicationPreferences.statusApi.unsubscribe({ emailAddress: EMAIL, subscriptionId: await subscription() }),
    preferences: () => client.communicationPreferences.statusApi.getEmailStatus(EMAIL),
    tokenInfo: () => client.oauth.accessTokensApi.get(TOKEN),
    refresh: () => {
      const { CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN } = process.env;
      return client.oauth.tokensApi.create("refresh_token", undefined, undefined, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN);
    },
  },
  refusals: {
    createAgain: async () => contacts.basicApi.create({ associations: [], properties: { email: (await ada()).properties.email } }),
    searchUnknown: () => contacts.searchApi.doSearch(having("no_such_property")),
    rawUnknown: async () => (await client.apiRequest({ path: "/contacts/v1/lists/all/contacts/all" })).json(),
    unknown: () => contacts.basicApi.getById("1"),
    noToken: () => new Client({ accessToken: "guess", basePath: BASE_URL }).crm.contacts.basicApi.getPage(1),
  },
  agent: {
    shown: () => contacts.basicApi.getById(CONTACT, ["email", "iban", "credit_score"]),
    filtered: () => contacts.searchApi.doSearch(having("iban")),
    unknown: () => contacts.searchApi.doSearch(having("no_such")),
    sorted: () => contacts.searchApi.doSearch({ filterGroups: [], sorts: ["iban"], properties: [], limit: 1, after: "0" }),
    known: async () => (await properties.coreApi.getAll("contacts")).results.map((each) => each.name),
    one: () => properties.coreApi.getByName("contacts", "credit_score"),
    corrected: () => contacts.basicApi.update(CONTACT, { properties: { phone: "+49 30 23125999" } }),
    overwritten: () => contacts.basicApi.update(CONTACT, { properties: { credit_score: "900" } }),
    gone: () => contacts.basicApi.archive(CONTACT),
    purged: () => contacts.basicApi.purge({ objectId: CONTACT }),
  },
});
