"use strict";
(() => {
  const root = document.documentElement;
  const main = document.getElementById("main");
  const KEYS = ["verdict", "outcome", "check", "metric", "by", "model", "label"];
  const THEMES = ["system", "light", "dark"];
  const filtered = [...main.querySelectorAll("tr[data-check], article[data-check]")];
  const rows = filtered.filter((item) => item.tagName === "TR");
  const state = { q: "", sort: "", theme: "system" };

  const make = (tag, text) => {
    const node = document.createElement(tag);
    node.textContent = text;
    return node;
  };
  const slug = (text) => text.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");

  const holds = (item, term) => {
    const [key, ...rest] = term.split(":");
    if (rest.length && KEYS.includes(key)) return slug(item.getAttribute("data-" + key) || "").includes(slug(rest.join(":")));
    return item.textContent.toLowerCase().includes(term);
  };

  const tools = document.createElement("div");
  tools.className = "tools";
  const label = make("label", "Filter checks ");
  const box = document.createElement("input");
  box.type = "search";
  box.placeholder = "verdict:fail by:age";
  label.append(box);
  const status = document.createElement("span");
  status.setAttribute("role", "status");
  const all = make("button", "Show all");
  const theme = document.createElement("button");
  for (const button of [all, theme]) button.type = "button";
  tools.append(label, status, all, theme);

  const filter = () => {
    const terms = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of filtered) item.hidden = !terms.every((term) => holds(item, term));
    const left = rows.filter((row) => !row.hidden).length;
    status.textContent = left + " of " + rows.length + " checks shown";
    all.hidden = !terms.length;
    if (box.value !== state.q) box.value = state.q;
  };

  const setTheme = () => {
    if (state.theme === "system") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", state.theme);
    theme.textContent = "Theme: " + state.theme;
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
    if (!cell.classList.contains("n")) return text.toLowerCase();
    return parseFloat(text.replace("\u2212", "-").replace(/[,[]/g, ""));
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") {
      if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
      return a - b;
    }
    return a < b ? -1 : a > b ? 1 : 0;
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
      const undefinedLast = Number.isNaN(x) || Number.isNaN(y);
      return undefinedLast ? compare(x, y) : sign * compare(x, y);
    }) : original;
    table.tBodies[0].append(...wanted);
  };

  for (const table of main.querySelectorAll("table[data-sortable]")) {
    const heads = [...table.tHead.rows[0].cells];
    sorters.set(table, { heads, original: [...table.tBodies[0].rows] });
    heads.forEach((head, column) => {
      const button = make("button", head.textContent);
      button.type = "button";
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "" };
        const now = head.getAttribute("aria-sort");
        const order = now ? next[now] : "ascending";
        sortTable(table, column, order);
        if (table === first) {
          state.sort = order ? slug(button.textContent) + (order === "descending" ? ":down" : "") : "";
          remember();
        }
      });
    });
  }
  const first = rows.length ? rows[0].closest("table") : null;

  const restoreSort = () => {
    if (!first) return;
    const [name, way] = state.sort.split(":");
    const column = sorters.get(first).heads.findIndex((head) => slug(head.textContent) === name);
    if (column >= 0) sortTable(first, column, way === "down" ? "descending" : "ascending");
  };

  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
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
    state.theme = THEMES.includes(given.get("theme")) ? given.get("theme") : "system";
    filter();
    setTheme();
    restoreSort();
  };

  box.addEventListener("input", () => { state.q = box.value; filter(); remember(); });
  all.addEventListener("click", () => { state.q = ""; filter(); remember(); box.focus(); });
  theme.addEventListener("click", () => {
    state.theme = THEMES[(THEMES.indexOf(state.theme) + 1) % THEMES.length];
    setTheme();
    remember();
  });
  window.addEventListener("hashchange", read);
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });

  document.querySelector("nav").after(tools);
  filter();
  setTheme();
  read();
})();
