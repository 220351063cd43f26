// Loaded before a client: keeps it on this machine. Whatever else it would reach (telemetry, update checks) fails at once.
import net from "node:net";

const INSIDE = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/;
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...given) {
  const first = Array.isArray(given[0]) ? given[0][0] : given[0];
  const host = typeof first === "object" ? first.host : given[1];
  const inside = (typeof first === "object" && first.path) || typeof host !== "string" || INSIDE.test(host);
  if (inside) return connect.apply(this, given);
  process.nextTick(() => this.destroy(new Error(`a test tried to reach ${host}: only loopback is allowed`)));
  return this;
};
