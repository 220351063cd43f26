// @hubspot/api-client at the gateway. A private authority is trusted by NODE_EXTRA_CA_CERTS.
const { Client } = require("@hubspot/api-client");

const { GATEWAY, GATEWAY_KEY, PURPOSE = "service", CONNECTION = "hubspot" } = process.env;

(async () => {
  const hubspot = new Client({ accessToken: `${GATEWAY_KEY}~${PURPOSE}~${CONNECTION}`, basePath: GATEWAY });

  const { contacts } = hubspot.crm;
  const page = await contacts.basicApi.getPage(3, undefined, ["lastname", "phone", "iban"]);
  for (const { properties } of page.results) console.log(properties.lastname, properties.phone, properties.iban);
  const having = { filters: [{ propertyName: "iban", operator: "HAS_PROPERTY" }] };
  await contacts.searchApi.doSearch({ filterGroups: [having] }).catch((refused) => console.log("refused:", refused.code));
})();
