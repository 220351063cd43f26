// What a script does, step by step. It is told by its environment where to go (BASE_URL, TOKEN) and where its clients
// are installed (CLIENTS), by its arguments which steps, or groups of them, to take (none: all, in their order), and says
// what came of each.
import { createRequire } from "node:module";

export const require = createRequire(`${process.env.CLIENTS}/package.json`);
export const { BASE_URL, TOKEN } = process.env;

function described(error) {
  const { name, message, code, errorCode, statusCode, body, data } = error;
  return { name, message, code, errorCode, statusCode, body, data };
}

export async function take(steps) {
  const asked = process.argv.slice(2);
  const wanted = (...names) => !asked.length || names.some((name) => asked.includes(name));
  const told = {};
  for (const [group, entry] of Object.entries(steps)) {
    for (const [name, step] of Object.entries(typeof entry === "function" ? { [group]: entry } : entry)) {
      if (!wanted(group, name)) continue;
      try {
        told[name] = { value: (await step()) ?? null };
      } catch (error) {
        told[name] = { error: described(error) };
      }
    }
  }
  process.stdout.write(JSON.stringify(told));
}
