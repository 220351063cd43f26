// Tries to leave this machine, in the ways that clients have.
import https from "node:https";
import net from "node:net";
import { take } from "./steps.mjs";

const ended = (socket) => new Promise((resolve, reject) => socket.on("error", reject).on("response", resolve));

await take({
  byFetch: () =>
    fetch("https://example.com/").catch((error) => {
      throw error.cause;
    }),
  byHttps: () => ended(https.get("https://example.com/")),
  byAddress: () => ended(net.connect(443, "192.0.2.1")),
});
