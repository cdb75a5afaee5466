// Names the outputs of the open notebook whose text, tables or pictures the page does not show.
() => {
  const CHART = "application/vnd.plotly.v1+json";
  const joined = (text) => [].concat(text ?? "").join("");
  const squeezed = (text) => text.replace(/\x1b\[[0-9;]*m/g, "").replace(/\s+/g, "");

  const written = (output) => {
    const page = new DOMParser().parseFromString(joined(output.data?.["text/html"]), "text/html");
    page.querySelectorAll("style, script").forEach((node) => node.remove());
    return page.body;
  };
  const text = (output) =>
    output.data?.["text/html"]
      ? written(output).textContent
      : joined(output.text ?? output.traceback ?? output.data?.["text/plain"]);

  return window.tab.content.widgets.flatMap((cell, place) => {
    const outputs = (cell.model.toJSON().outputs ?? []).filter((output) => !output.data?.[CHART]);
    if (!outputs.length) return [];
    const areas = [...cell.outputArea.node.querySelectorAll(".jp-OutputArea-output")];
    const seen = squeezed(areas.map((area) => area.textContent).join(""));
    const lost = outputs
      .filter((output) => !seen.includes(squeezed(text(output))))
      .map((output) => `cell ${place + 1}: text ${text(output).trim().slice(0, 60)}`);
    for (const kind of ["table", "img", "svg"]) {
      const count = (nodes) =>
        nodes.reduce((sum, node) => sum + node.querySelectorAll(kind).length, 0);
      const [found, expected] = [count(areas), count(outputs.map(written))];
      if (found < expected) lost.push(`cell ${place + 1}: ${found} of ${expected} ${kind}`);
    }
    return lost;
  });
}
