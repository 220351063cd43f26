// What applications do in bulk with jsforce, by the old API and by the new one. MARK tells their records apart.
import { BASE_URL, TOKEN, require, take } from "./steps.mjs";

const jsforce = require("jsforce");
const MARK = process.env.MARK ?? "JsforceBulk";
const connection = new jsforce.Connection({ instanceUrl: BASE_URL, accessToken: TOKEN, version: "59.0" });
const polling = { pollInterval: 20, pollTimeout: 20_000 };
Object.assign(connection.bulk, polling);
Object.assign(connection.bulk2, polling);

const all = async (stream) => (await stream).toArray();
const ids = async () =>
  (await connection.query(`SELECT Id FROM Contact WHERE LastName = '${MARK}' ORDER BY Id`)).records.map((each) => each.Id);
const first = (operation, rows, more = {}) => connection.bulk.load("Contact", operation, more, rows);
const second = (operation, rows, more = {}) =>
  connection.bulk2.loadAndWaitForResults({ object: "Contact", operation, input: rows, ...polling, ...more });
const key = "Customer_Number__c";

await take({
  first: {
    firstInsert: () => first("insert", [{ LastName: MARK, VIP__c: true }, { FirstName: "Nameless" }]),
    firstUpdate: async () => first("update", (await ids()).map((Id) => ({ Id, FirstName: "Ada", Description: 'say "no",\nor not' }))),
    firstUpsert: () => first("upsert", [{ [key]: `${MARK}-1`, LastName: MARK }, { [key]: "K-100007", FirstName: "Ada" }], { extIdField: key }),
    firstQuery: () =>
      all(connection.bulk.query(`SELECT FirstName, VIP__c, Description, Account.Name FROM Contact WHERE LastName = '${MARK}' ORDER BY Id`)),
    firstBatches: async () => {
      const job = connection.bulk.createJob("Contact", "query");
      const batches = ["2", "3"].map((many) => job.createBatch().execute(`SELECT Id FROM Contact LIMIT ${many}`));
      await Promise.all(batches.map((batch) => new Promise((done) => batch.once("queue", done))));
      batches.forEach((batch) => batch.poll(20, 20_000));
      const results = await Promise.all(batches);
      const listed = await job.list();
      const info = await job.check();
      const rows = await Promise.all(results.map(([one], at) => all(batches[at].result(one.id))));
      const closed = await job.close();
      return { states: listed.map((each) => each.state), many: info.numberBatchesCompleted, rows: rows.map((each) => each.length), closed: closed.state };
    },
    firstAborted: async () => {
      const job = connection.bulk.createJob("Contact", "insert");
      await job.open();
      const aborted = await job.abort();
      return aborted.state;
    },
    firstDelete: async () => first("delete", (await ids()).map((Id) => ({ Id }))),
    firstRefused: () => all(connection.bulk.query("SELECT Id, No_Such__c FROM Contact")),
    firstUnknown: () => connection.bulk.job("750000000000000AAA").check(),
    firstStranger: async () => {
      const job = new jsforce.Connection({ instanceUrl: BASE_URL, accessToken: "guess", version: "59.0" }).bulk.createJob("Contact", "query");
      return job.open();
    },
  },
  second: {
    secondInsert: () => second("insert", [{ LastName: MARK, FirstName: "", VIP__c: "true" }, { LastName: "", FirstName: "Nameless" }]),
    secondText: () => second("insert", `LastName;Description\r\n${MARK};"say ""no"",\nor; not"\r\n`, { lineEnding: "CRLF", columnDelimiter: "SEMICOLON" }),
    secondUpdate: async () => second("update", (await ids()).map((Id) => ({ Id, FirstName: "Ada" }))),
    secondUpsert: () => second("upsert", [{ [key]: `${MARK}-2`, LastName: MARK }, { [key]: "K-100007", FirstName: "Eve" }], { externalIdFieldName: key }),
    secondQuery: () => all(connection.bulk2.query(`SELECT FirstName, VIP__c, Description FROM Contact WHERE LastName = '${MARK}' ORDER BY Id`, polling)),
    secondInfo: async () => {
      const job = connection.bulk2.createJob({ object: "Contact", operation: "insert" });
      await job.open();
      await job.uploadData(`LastName\n${MARK}\n`);
      await job.close();
      await job.poll(20, 20_000);
      const { state, numberRecordsProcessed, numberRecordsFailed } = await job.check();
      await job.delete();
      return { state, numberRecordsProcessed, numberRecordsFailed };
    },
    secondAborted: async () => {
      const job = connection.bulk2.createJob({ object: "Contact", operation: "insert" });
      await job.open();
      await job.abort();
      return (await job.check()).state;
    },
    secondDelete: async () => second("delete", (await ids()).map((Id) => ({ Id }))),
    secondRefused: () => all(connection.bulk2.query("SELECT Id, No_Such__c FROM Contact", polling)),
    secondUnknown: () => connection.bulk2.job("query", { id: "750000000000000AAA" }).check(),
    left: async () => (await ids()).length,
  },
});
