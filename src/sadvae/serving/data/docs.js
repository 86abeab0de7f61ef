"use strict";
// The description of the JSON interface, from /openapi.json, without anything from elsewhere.
(async () => {
  const named = (reference) => reference.split("/").pop();

  // A schema in a few words; other messages are linked.
  function kind(schema) {
    if (!schema) return ["nothing"];
    if (schema.$ref) return [element("a", { href: `#${named(schema.$ref)}` }, named(schema.$ref))];
    const choices = schema.anyOf || schema.oneOf;
    if (choices) return choices.flatMap((one, i) => [...(i ? [" or "] : []), ...kind(one)]);
    if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(" or ")];
    if (schema.type === "array") {
      const inside = schema.prefixItems ? schema.prefixItems.flatMap((one, i) => [...(i ? [", "] : []), ...kind(one)]) : kind(schema.items);
      return ["list of ", ...inside];
    }
    return [schema.format === "binary" ? "bytes of the file" : schema.type || "anything"];
  }

  function limits(schema) {
    const words = {
      minLength: "letters: at least %s", maxLength: "letters: at most %s", minItems: "at least %s", maxItems: "at most %s",
      minimum: "from %s", maximum: "to %s", pattern: "like %s",
    };
    const found = Object.keys(words).filter((key) => key in schema).map((key) => words[key].replace("%s", schema[key]));
    return "default" in schema ? [...found, `default ${JSON.stringify(schema.default)}`] : found;
  }

  function fieldTable(rows) {
    const lines = rows.map(([name, needed, schema, text]) => element("tr", {},
      element("td", {}, element("code", {}, name)), element("td", {}, ...kind(schema)),
      element("td", {}, [...(needed ? ["needed"] : []), ...limits(schema), ...(text ? [text] : [])].join("; "))));
    const head = element("tr", {}, ...["name", "what", ""].map((word) => element("th", { scope: "col" }, word)));
    return element("div", { className: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines)));
  }

  // What comes back: the answer, and in one line the codes of problems.
  function replies(responses) {
    const found = Object.entries(responses), is = ([, reply]) => kind(reply.content && Object.values(reply.content)[0].schema);
    const good = found.filter(([status]) => status < 300).map((one) => element("p", {}, element("b", {}, one[0]), " ", ...is(one)));
    const bad = found.filter(([status]) => status >= 300);
    if (!bad.length) return good;
    const codes = bad.map(([status, reply]) => `${status} ${reply.description.replace(/[.]$/, "").toLowerCase()}`).join("; ");
    return [...good, element("p", { className: "note" }, "Otherwise a ", ...is(bad[0]), `: ${codes}.`)];
  }

  function operation(method, address, found) {
    const label = element("span", { className: `method ${method}` }, method);
    const parts = [element("h3", {}, label, element("code", {}, address)), element("p", {}, found.description || found.summary)];
    if (found.parameters && found.parameters.length) {
      parts.push(element("h4", {}, "Parameters"), fieldTable(found.parameters.map((one) =>
        [one.name, one.required, one.schema, [one.in === "query" ? "after the ?" : "in the address", one.description].filter(Boolean).join("; ")])));
    }
    if (found.requestBody) {
      const [[type, content]] = Object.entries(found.requestBody.content);
      parts.push(element("h4", {}, "Body"), element("p", {}, `${type}: `, ...kind(content.schema)));
    }
    parts.push(element("h4", {}, "Answer"), ...replies(found.responses));
    return element("div", { className: "operation" }, ...parts);
  }

  function message(name, schema) {
    const rows = Object.entries(schema.properties || {}).map(([field, one]) => [field, (schema.required || []).includes(field), one, one.description]);
    return element("div", { className: "operation", id: name }, element("h3", {}, name),
      ...(schema.description ? [element("p", {}, schema.description)] : []), fieldTable(rows));
  }

  const api = await ask("GET", "/openapi.json");
  byId("description").textContent = api.info.description;
  byId("example").textContent = [
    `curl -H "Content-Type: application/octet-stream" --data-binary @clip.npz "${location.origin}/api/clips?name=clip.npz"`,
    "# the answer has the key of each clip; put one in place of KEY",
    `curl -H "Content-Type: application/json" -d '{"clip": "KEY", "classes": ["squat", "wave the left hand"]}' ${location.origin}/api/answers`,
    `curl -X DELETE ${location.origin}/api/clips/KEY`,
  ].join("\n");
  byId("operations").append(...Object.entries(api.paths).flatMap(([address, methods]) =>
    Object.entries(methods).map(([method, found]) => operation(method.toUpperCase(), address, found))));
  const hidden = new Set(["HTTPValidationError", "ValidationError"]);
  byId("schemas").append(...Object.entries(api.components.schemas).filter(([name]) => !hidden.has(name)).map(([name, schema]) => message(name, schema)));
})();
