// jsforce at the gateway. A private authority is trusted by NODE_EXTRA_CA_CERTS.
const jsforce = require("jsforce");

const { GATEWAY, GATEWAY_KEY, PURPOSE = "service", CONNECTION = "salesforce" } = process.env;

(async () => {
  const salesforce = new jsforce.Connection({ loginUrl: GATEWAY });
  await salesforce.login(`${PURPOSE}@${CONNECTION}`, GATEWAY_KEY);
  // or, without a login: new jsforce.Connection({ instanceUrl: GATEWAY, accessToken: `${GATEWAY_KEY}~${PURPOSE}~${CONNECTION}` })

  const { records } = await salesforce.query("SELECT Name, Phone, IBAN__c FROM Contact ORDER BY Id LIMIT 3");
  for (const row of records) console.log(row.Name, row.Phone, row.IBAN__c);
  const { fields } = await salesforce.sobject("Contact").describe();
  console.log("described:", fields.some((field) => field.name === "IBAN__c"));
  await salesforce.query("SELECT Id FROM Contact WHERE IBAN__c LIKE 'DE%'").catch((refused) => console.log("refused:", refused.errorCode));
})();
