// How HubSpot's client for Node behaves when the answer is "too many requests" before it is a contact.
import { BASE_URL, TOKEN, require, take } from "./steps.mjs";

const { Client } = require("@hubspot/api-client");
const client = new Client({ accessToken: TOKEN, basePath: BASE_URL, numberOfApiCallRetries: 3 });

await take({ waitedOut: async () => (await client.crm.contacts.basicApi.getById("101", ["email"])).id });
