// What applications do with jsforce. CONTACT, ACCOUNT and the logins are told by the environment.
import crypto from "node:crypto";
import { BASE_URL, TOKEN, require, take } from "./steps.mjs";

const jsforce = require("jsforce");
const { CONTACT, ACCOUNT, USERNAME, PASSWORD, CLIENT_ID, CLIENT_SECRET, CODE, REFRESH_TOKEN, JWT_KEY } = process.env;
const VERSION = "59.0";
const MARK = process.env.MARK ?? "Jsforce";
const connected = (more = {}) => new jsforce.Connection({ instanceUrl: BASE_URL, version: VERSION, ...more });
const connection = connected({ accessToken: TOKEN });
const contacts = connection.sobject("Contact");
const oauth2 = { loginUrl: BASE_URL, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, redirectUri: "http://localhost/back" };
const made = {};

connection.bulk.pollInterval = connection.bulk2.pollInterval = 50;
connection.bulk.pollTimeout = connection.bulk2.pollTimeout = 20_000;

const first = async (it) => (await it.query("SELECT Id FROM Contact ORDER BY Id LIMIT 1")).records[0].Id;
const assertion = () => {
  const packed = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: CLIENT_ID, sub: USERNAME, aud: BASE_URL, exp: Math.floor(Date.now() / 1000) + 120 };
  const signed = `${packed({ alg: "RS256" })}.${packed(claims)}`;
  return `${signed}.${crypto.sign("sha256", Buffer.from(signed), JWT_KEY).toString("base64url")}`;
};
const day = 86_400_000;

await take({
  logins: {
    soapLogin: async () => {
      const it = new jsforce.Connection({ loginUrl: BASE_URL, version: VERSION });
      const user = await it.login(USERNAME, PASSWORD);
      return { user, instance: it.instanceUrl, contact: await first(it) };
    },
    passwordLogin: async () => {
      const it = new jsforce.Connection({ oauth2, version: VERSION });
      const user = await it.login(USERNAME, PASSWORD);
      return { user, instance: it.instanceUrl, contact: await first(it) };
    },
    clientCredentials: async () => {
      const it = connected({ oauth2 });
      await it.authorize({ grant_type: "client_credentials" });
      return first(it);
    },
    code: async () => {
      const it = connected({ oauth2 });
      await it.authorize(CODE);
      return first(it);
    },
    jwt: async () => {
      const it = connected({ oauth2 });
      await it.authorize({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: assertion() });
      return first(it);
    },
    refreshed: async () => first(connected({ oauth2, accessToken: `${TOKEN.split("!")[0]}!gone`, refreshToken: REFRESH_TOKEN })),
    wrongPassword: () => new jsforce.Connection({ loginUrl: BASE_URL, version: VERSION }).login(USERNAME, "guess"),
    wrongToken: () => connected({ accessToken: "guess" }).query("SELECT Id FROM Contact"),
  },
  reading: {
    query: () => connection.query("SELECT Id, Email, Account.Name FROM Contact ORDER BY Id LIMIT 3"),
    pages: async () => {
      const headers = { "Sforce-Query-Options": "batchSize=200" };
      const page = await connection.query("SELECT Id FROM Contact", { headers, autoFetch: false });
      const next = await connection.queryMore(page.nextRecordsUrl, { headers });
      return { page: page.records.length, done: page.done, next: next.records.length, total: page.totalSize };
    },
    allPages: async () => {
      const headers = { "Sforce-Query-Options": "batchSize=200" };
      return (await connection.query("SELECT Id FROM Contact", { headers, autoFetch: true, maxFetch: 5000 })).records.length;
    },
    scanAll: async () => (await connection.query("SELECT Id FROM Contact LIMIT 5", { scanAll: true })).records.length,
    counted: () => connection.query("SELECT COUNT() FROM Contact"),
    grouped: () => connection.query("SELECT LeadSource, COUNT(Id) n FROM Contact GROUP BY LeadSource ORDER BY LeadSource"),
    retrieve: () => contacts.retrieve(CONTACT),
    retrieveFields: () => contacts.retrieve(CONTACT, { fields: ["Id", "Email"] }),
    retrieveMany: () => contacts.retrieve([CONTACT, CONTACT]),
    find: () =>
      contacts
        .find({ Email: { $like: "%example%" }, CreatedDate: { $gt: jsforce.SfDate.LAST_N_YEARS(20) } }, "Id, Email, Account.Name")
        .include("Cases")
        .select("Id, Subject")
        .end()
        .sort({ Email: 1 })
        .limit(3)
        .execute(),
    findOne: () => contacts.findOne({ Id: CONTACT }),
    findStar: () => contacts.find({ Id: CONTACT }).limit(1),
    search: () => connection.search("FIND {example} IN ALL FIELDS RETURNING Contact(Id, Email LIMIT 2)"),
    describe: async () => (await contacts.describe()).fields.map((each) => each.name),
    describeGlobal: async () => (await connection.describeGlobal()).sobjects.map((each) => each.name),
    identity: () => connection.identity(),
    limits: () => connection.limits(),
    versions: () => connection.request("/services/data"),
    updated: () => contacts.updated(new Date(Date.now() - day), new Date(Date.now() + 60_000)),
    deleted: () => contacts.deleted(new Date(Date.now() - day), new Date(Date.now() + 60_000)),
    recent: () => contacts.recent(),
  },
  writing: {
    create: async () => {
      const created = await contacts.create({ LastName: MARK, Email: "jsforce@example.com" });
      made.id = created.id;
      return created;
    },
    createMany: async () => {
      const created = await contacts.create([{ LastName: `${MARK}Two` }, { LastName: `${MARK}Two` }], { allOrNone: true });
      made.ids = created.map((each) => each.id);
      return created;
    },
    update: () => contacts.update({ Id: made.id, FirstName: "Ada" }),
    updateMany: () => contacts.update(made.ids.map((Id) => ({ Id, FirstName: "Ada" }))),
    upsert: () => contacts.upsert({ Customer_Number__c: `${MARK}-1`, LastName: `${MARK}Three` }, "Customer_Number__c"),
    upsertAgain: () => contacts.upsert({ Customer_Number__c: `${MARK}-1`, FirstName: "Ada" }, "Customer_Number__c"),
    upsertMany: () =>
      contacts.upsert(
        [1, 2].map((n) => ({ Customer_Number__c: `${MARK}-${n}`, LastName: `${MARK}Three` })),
        "Customer_Number__c",
      ),
    updateFound: () => contacts.find({ LastName: `${MARK}Three` }).update({ FirstName: "Augusta" }),
    written: async () => {
      const names = `'${MARK}', '${MARK}Two', '${MARK}Three'`;
      const soql = `SELECT FirstName, LastName FROM Contact WHERE LastName IN (${names}) ORDER BY LastName`;
      return (await connection.query(soql)).records.map((each) => `${each.FirstName} ${each.LastName}`);
    },
    destroy: () => contacts.destroy(made.id),
    destroyMany: () => contacts.destroy(made.ids),
    destroyFound: () => contacts.find({ LastName: `${MARK}Three` }).destroy(),
    composite: () =>
      connection.requestPost(`/services/data/v${VERSION}/composite`, {
        allOrNone: true,
        compositeRequest: [
          { method: "GET", url: `/services/data/v${VERSION}/sobjects/Contact/${CONTACT}?fields=Id,AccountId`, referenceId: "who" },
          { method: "GET", url: `/services/data/v${VERSION}/sobjects/Account/@{who.AccountId}?fields=Name`, referenceId: "firm" },
        ],
      }),
    compositeBatch: () =>
      connection.requestPost(`/services/data/v${VERSION}/composite/batch`, {
        batchRequests: [
          { method: "GET", url: `v${VERSION}/sobjects/Contact/describe` },
          { method: "GET", url: `v${VERSION}/limits` },
        ],
      }),
  },
  bulk: {
    bulk1Load: () => connection.bulk.load("Contact", "insert", [{ LastName: `${MARK}Bulk` }, { LastName: `${MARK}Bulk` }]),
    bulk1Query: async () => (await (await connection.bulk.query("SELECT Id, LastName FROM Contact")).toArray()).length,
    bulk2Load: () =>
      connection.bulk2.loadAndWaitForResults({
        object: "Contact",
        operation: "insert",
        input: [{ LastName: `${MARK}Bulk` }, { LastName: `${MARK}Bulk` }],
        pollInterval: 50,
        pollTimeout: 20_000,
      }),
    bulk2Query: async () =>
      (await (await connection.bulk2.query("SELECT Id, LastName FROM Contact", { pollInterval: 50, pollTimeout: 20_000 })).toArray())
        .length,
  },
  refusals: {
    unknownColumn: () => connection.query("SELECT Id, No_Such__c FROM Contact"),
    unknownFilter: () => connection.query("SELECT Id FROM Contact WHERE No_Such__c LIKE 'DE%'"),
    malformed: () => connection.query("SELECT Id FROM Contact WHERE"),
    unknownObject: () => connection.query("SELECT Id FROM Nothing__c"),
    unknownRecord: () => contacts.retrieve("003000000000000AAA"),
    unknownWritten: () => contacts.create({ LastName: MARK, No_Such__c: "x" }),
    tooling: () => connection.tooling.query("SELECT Id FROM ApexClass"),
    apex: () => connection.apex.get("/foo"),
    analytics: () => connection.analytics.reports(),
    chatter: () => connection.chatter.resource("/users/me").retrieve(),
    listviews: () => contacts.listview("none").results(),
    metadata: () => connection.metadata.list([{ type: "CustomObject" }]),
  },
  agent: {
    asked: () => connection.query(`SELECT LastName, Email, IBAN__c FROM Contact WHERE Id = '${CONTACT}'`),
    whole: () => contacts.retrieve(CONTACT),
    known: async () => (await contacts.describe()).fields.map((each) => each.name),
    filtered: () => connection.query("SELECT Id FROM Contact WHERE IBAN__c LIKE 'DE%'"),
    unknown: () => connection.query("SELECT Id FROM Contact WHERE IBAN__d LIKE 'DE%'"),
    sorted: () => contacts.find({ Id: CONTACT }, "Id").sort({ IBAN__c: 1 }).execute(),
    grouped: () => connection.query("SELECT IBAN__c, COUNT(Id) n FROM Contact GROUP BY IBAN__c"),
    searched: () => connection.query("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE IBAN__c != null)"),
    inBulk: async () => (await connection.bulk2.query("SELECT Id, IBAN__c FROM Contact")).toArray(),
    corrected: () => contacts.update({ Id: CONTACT, Phone: "+49 30 23125999" }),
    overwritten: () => contacts.update({ Id: CONTACT, IBAN__c: "DE02120300000000202051" }),
    deleted: () => contacts.destroy(CONTACT),
  },
});
