// Shows only the plots whose case or place has the words that are typed. Without it, all are there.
(() => {
  const field = document.getElementById("find");
  if (!field) return;
  const said = field.parentElement.querySelector("output");
  const groups = [...document.querySelectorAll(".case")].map((group) => {
    const name = group.querySelector("h3").textContent.toLowerCase();
    const plots = [...group.querySelectorAll("li")].map((one) => [one, `${name} ${one.firstChild.textContent.toLowerCase()}`]);
    return { group, plots, open: group.open };
  });
  let later = 0;
  const find = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let total = 0;
    for (const { group, plots, open } of groups) {
      let shown = 0;
      for (const [one, text] of plots) {
        const hit = words.every((word) => text.includes(word));
        one.hidden = !hit;
        shown += hit;
      }
      group.hidden = !shown;
      group.open = words.length ? shown > 0 && total < 400 : open;
      total += shown;
    }
    said.textContent = words.length ? `${total} ${total === 1 ? "plot" : "plots"}` : "";
  };
  field.addEventListener("input", () => { clearTimeout(later); later = setTimeout(find, 120); });
  field.parentElement.hidden = false;
})();
