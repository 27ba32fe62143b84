"use strict";
// Sorts tables by a click on a heading; opens all details for print. The page is whole without it.
(() => {
  const collator = new Intl.Collator(undefined, { numeric: true });

  const keyOf = (row, index) => {
    const cell = row.cells[index];
    const number = cell.dataset.key;
    return {
      missing: index > 0 && number === undefined,
      number: Number(number),
      unit: cell.dataset.unit || "",
      text: cell.textContent.trim(),
    };
  };

  // Cells without a figure stay last both ways; figures of different units are not mixed.
  const compare = (one, other, sign) => {
    if (one.missing !== other.missing) return one.missing ? 1 : -1;
    if (one.missing) return 0;
    if (Number.isNaN(one.number) || Number.isNaN(other.number)) {
      return sign * collator.compare(one.text, other.text);
    }
    return collator.compare(one.unit, other.unit) || sign * (one.number - other.number);
  };

  const sort = (table, heading, index) => {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [keyOf(row, index), row]);
    rows.sort((one, other) => compare(one[0], other[0], descending ? -1 : 1));
    body.append(...rows.map(([, row]) => row));
    table.classList.add("sorted");
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    if (table.tBodies[0].rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((heading, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, heading, index));
    });
  }

  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const closed = target && target.closest("details:not([open])");
    if (closed) {
      closed.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", reveal);
  reveal();

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
})();
