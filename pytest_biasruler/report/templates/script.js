"use strict";
(() => {
  const root = document.documentElement;
  const main = document.getElementById("main");
  const KEYS = ["verdict", "outcome", "check", "metric", "by", "model", "label"];
  const THEMES = { system: "as the system", light: "light", dark: "dark" };
  const state = { q: "", sort: "", theme: "system", linked: null };

  const make = (tag, text, settings) => Object.assign(document.createElement(tag), { textContent: text }, settings);
  const slug = (text) => text.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");

  // A check is a row of the first table and a card: found together, and counted once.
  const rows = [...main.querySelectorAll("tr[data-check]")];
  const cards = new Set(main.querySelectorAll("article[data-check]"));
  const checks = rows.map((row) => {
    const link = row.querySelector("a");
    const card = link && document.getElementById(link.hash.slice(1));
    cards.delete(card);
    return card ? [row, card] : [row];
  });
  for (const card of cards) checks.push([card]);
  const texts = new Map(checks.map((nodes) => [nodes, nodes.map((node) =>
    (node.tagName === "TR" ? node : node.querySelector("summary")).textContent).join(" ").toLowerCase()]));

  const holds = (nodes, term) => {
    const [key, ...rest] = term.split(":");
    if (!rest.length || !KEYS.includes(key)) return texts.get(nodes).includes(term);
    return ("-" + slug(nodes[0].getAttribute("data-" + key) || "")).includes("-" + slug(rest.join(":")));
  };

  const tools = make("div", "", { className: "tools" });
  tools.setAttribute("role", "search");
  const label = make("label", "Filter checks ");
  const box = make("input", "", { type: "search", placeholder: "verdict:fail by:age", autocomplete: "off", spellcheck: false });
  label.append(box);
  const status = make("span", "");
  status.setAttribute("role", "status");
  const all = make("button", "Show all", { type: "button" });
  const theme = make("button", "", { type: "button" });
  theme.setAttribute("aria-live", "polite");
  tools.append(label, status, all, theme);

  const filter = () => {
    const terms = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    let [found, extra] = [0, 0];
    for (const nodes of checks) {
      const fits = terms.every((term) => holds(nodes, term));
      const isLinked = !fits && nodes.includes(state.linked);
      found += fits;
      extra += isLinked;
      for (const node of nodes) node.hidden = !fits && !isLinked;
    }
    const count = found + " of " + checks.length + " checks";
    status.textContent = found || !terms.length ? count + " shown" : "No check fits the filter: " + count + " shown";
    if (extra) status.textContent += ", and the one that the link leads to";
    tools.classList.toggle("filtered", terms.length > 0);
    all.hidden = !terms.length;
    if (box.value !== state.q) box.value = state.q;
  };

  const setTheme = () => {
    if (state.theme === "system") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", state.theme);
    theme.textContent = "Theme: " + THEMES[state.theme];
  };

  const remember = () => {
    const parts = [];
    if (state.q) parts.push("q=" + encodeURIComponent(state.q).replace(/%20/g, "+").replace(/%3A/g, ":"));
    if (state.sort) parts.push("sort=" + state.sort);
    if (state.theme !== "system") parts.push("theme=" + state.theme);
    const hash = parts.length ? "#?" + parts.join("&") : "#";
    try { history.replaceState(null, "", hash); } catch { location.hash = hash; }
  };

  const value = (row, column) => {
    const cell = row.cells[column];
    const exact = cell.getAttribute("data-v");
    if (exact !== null) return Number(exact);
    const text = cell.textContent.trim();
    if (cell.tagName === "TH" || cell.className) return text;
    return parseFloat(text.replace("\u2212", "-").replace(/[,[]/g, ""));
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  };

  const sorters = new Map();
  const sortTable = (table, column, order) => {
    const { heads, original } = sorters.get(table);
    heads.forEach((head, index) => {
      if (order && index === column) head.setAttribute("aria-sort", order);
      else head.removeAttribute("aria-sort");
    });
    const sign = order === "descending" ? -1 : 1;
    const wanted = order ? [...original].sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      const [noX, noY] = [Number.isNaN(x), Number.isNaN(y)];
      return noX || noY ? noX - noY : sign * compare(x, y);
    }) : original;
    table.tBodies[0].append(...wanted);
  };

  const first = rows.length ? rows[0].closest("table") : null;
  for (const table of main.querySelectorAll("table[data-sortable]")) {
    const heads = [...table.tHead.rows[0].cells];
    sorters.set(table, { heads, original: [...table.tBodies[0].rows] });
    heads.forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = make("button", "", { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "" };
        const now = head.getAttribute("aria-sort");
        const order = now ? next[now] : "ascending";
        sortTable(table, column, order);
        if (table !== first) return;
        state.sort = order ? slug(button.textContent) + (order === "descending" ? ":down" : "") : "";
        remember();
      });
    });
  }

  const restoreSort = () => {
    if (!sorters.has(first)) return;
    const [name, way] = state.sort.split(":");
    const column = name ? sorters.get(first).heads.findIndex((head) => slug(head.textContent) === name) : -1;
    sortTable(first, column, column < 0 ? "" : way === "down" ? "descending" : "ascending");
  };

  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    state.linked = target.closest("article");
    filter();
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    const inner = target.querySelector(":scope > details");
    if (inner) inner.open = true;
    target.scrollIntoView();
  };

  const read = () => {
    if (!location.hash.startsWith("#?")) return openTarget();
    const given = new URLSearchParams(location.hash.slice(2));
    state.q = given.get("q") || "";
    state.sort = given.get("sort") || "";
    state.theme = Object.hasOwn(THEMES, given.get("theme")) ? given.get("theme") : "system";
    state.linked = null;
    filter();
    setTheme();
    restoreSort();
  };

  const ask = (text) => {
    state.q = text;
    state.linked = null;
    filter();
    remember();
  };
  box.addEventListener("input", () => ask(box.value));
  all.addEventListener("click", () => { ask(""); box.focus(); });
  theme.addEventListener("click", () => {
    const names = Object.keys(THEMES);
    state.theme = names[(names.indexOf(state.theme) + 1) % names.length];
    setTheme();
    remember();
  });
  window.addEventListener("hashchange", read);

  // Only what is cut off at the edge needs a stop of the Tab key, to be scrolled by arrows.
  const stops = () => {
    const boxes = [...main.querySelectorAll(".scroll")];
    const isCut = boxes.map((box) => box.scrollWidth > box.clientWidth);
    boxes.forEach((box, i) => {
      const stop = { tabindex: "0", role: "group", "aria-label": box.querySelector("caption").textContent };
      for (const name in stop) isCut[i] ? box.setAttribute(name, stop[name]) : box.removeAttribute(name);
    });
  };
  let frame = 0;
  const stopsSoon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(stops);
  };
  window.addEventListener("resize", stopsSoon);
  document.addEventListener("toggle", stopsSoon, true);

  const closed = new Set();
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open])")) {
      closed.add(details);
      details.open = true;
    }
  });
  window.addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
    closed.clear();
  });

  document.querySelector("nav").after(tools);
  filter();
  setTheme();
  read();
  stopsSoon();
})();
