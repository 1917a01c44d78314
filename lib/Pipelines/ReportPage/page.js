// Draws the report that is in the page as JSON. Texts come from models and are
// not trusted: they only ever become text nodes.
"use strict";
(() => {
  const report = JSON.parse(document.getElementById("report").textContent);
  const page = document.getElementById("page");
  const state = document.documentElement.dataset;
  state.charts = state.drawn = state.blank = state.errors = "0";
  const count = (key) => { state[key] = String(Number(state[key]) + 1); };
  addEventListener("error", () => count("errors"));

  // -- Elements

  const make = (tag, className, text, parent) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined && text !== null) element.textContent = text;
    if (parent) parent.append(element);
    return element;
  };
  const section = (title, text) => {
    make("h2", "", title, page);
    if (text) make("p", "soft", text, page);
  };
  const fixed = (digits) => (value) => value === null || value === undefined ? "–" : value.toFixed(digits);
  const short = (value) => value === null || value === undefined ? "–" : String(Number(value.toPrecision(4)));
  const decibels = (fidelity) => !fidelity ? "–" : fidelity.exact ? "exact" : fixed(1)(fidelity.sqnr_db);
  const percent = (share) => share === null || share === undefined ? "–" : short(100 * share) + " %";
  // For columns of shares in %: three digits, however small.
  const tiny = (share) => {
    if (share === null || share === undefined) return "–";
    const value = 100 * share;
    return value === 0 ? "0" : Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
  };
  const interval = (range) => range ? `[${short(range[0])}, ${short(range[1])}]` : "–";

  // -- Charts

  const colors = {
    weights: "#4a86d8", clipping: "#e0892f", rounding: "#43a266", requantization: "#9a6fd0",
    approximation: "#d65a7a", interaction: "#8b929c", blue: "#4a86d8", orange: "#e0892f", green: "#43a266",
    red: "#d65a5a",
  };
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const palette = () => {
    Chart.defaults.color = css("--soft");
    Chart.defaults.borderColor = css("--line");
  };
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  Chart.defaults.font.family = "system-ui, sans-serif";
  Chart.defaults.plugins.legend.labels.boxWidth = 12;
  palette();
  const drawn = [];
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    palette();
    for (const chart of drawn) { chart.options.color = css("--soft"); chart.update(); }
  });

  // Charts are drawn when they come into view, all at once with #all and before printing.
  const waiting = new Map();
  const draw = (canvas) => {
    const config = waiting.get(canvas);
    if (!config) return;
    waiting.delete(canvas);
    watcher.unobserve(canvas);
    drawn.push(new Chart(canvas, config()));
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    count(data.some((byte) => byte) ? "drawn" : "blank");
  };
  const watcher = new IntersectionObserver(
      (entries) => entries.forEach((entry) => entry.isIntersecting && draw(entry.target)), {rootMargin: "600px"});
  const drawAll = () => [...waiting.keys()].forEach(draw);
  addEventListener("beforeprint", drawAll);
  const chart = (parent, label, config) => {
    const canvas = make("canvas", "", null, make("div", "plot", null, parent));
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    count("charts");
    waiting.set(canvas, config);
    watcher.observe(canvas);
  };

  // Vertical lines at the ends of the range of a histogram.
  const rangeLines = (range) => ({
    id: "rangeLines",
    afterDatasetsDraw({ctx, chartArea, scales}) {
      ctx.save();
      ctx.strokeStyle = colors.red;
      ctx.lineWidth = 1.5;
      ctx.setLineDash([5, 3]);
      for (const end of range) {
        const x = scales.x.getPixelForValue(end);
        ctx.beginPath();
        ctx.moveTo(x, chartArea.top);
        ctx.lineTo(x, chartArea.bottom);
        ctx.stroke();
      }
      ctx.restore();
    },
  });
  const histogram = (parent, label, series, range) => {
    const low = Math.min(...series.map((s) => s.bins.min), ...(range || []));
    const high = Math.max(...series.map((s) => s.bins.max), ...(range || []));
    const margin = (high - low || Math.abs(high) || 1) * 0.02;
    // Where no value is, below the share of a single one.
    const floor = 0.3 / Math.max(...series.map((s) => s.bins.counts.reduce((sum, n) => sum + n, 0)));
    chart(parent, label, () => ({
      type: "line",
      data: {
        datasets: series.map(({bins, name, color, fill}) => {
          const total = bins.counts.reduce((sum, n) => sum + n, 0);
          const width = (bins.max - bins.min) / bins.counts.length;
          // A step for every bin, closed on both sides.
          const points = bins.counts.map((n, i) => ({x: bins.min + i * width, y: n ? n / total : floor}));
          points.push({x: bins.max, y: points[points.length - 1].y});
          return {
            label: name, data: points, stepped: true, borderColor: color, borderWidth: fill ? 1 : 1.5,
            backgroundColor: color + "55", fill: fill ? "start" : false, pointRadius: 0,
          };
        }),
      },
      options: {
        parsing: false, normalized: true,
        interaction: {mode: "nearest", axis: "x", intersect: false},
        scales: {
          x: {type: "linear", min: low - margin, max: high + margin, ticks: {maxTicksLimit: 7, maxRotation: 0, includeBounds: false}},
          y: {type: "logarithmic", min: floor, title: {display: true, text: "share of values"},
              ticks: {maxTicksLimit: 5, callback: (v) => Number.isInteger(Math.round(1e6 * Math.log10(v)) / 1e6) ? v.toExponential(0) : ""}},
        },
        plugins: {legend: {display: series.length > 1}},
      },
      plugins: range ? [rangeLines(range)] : [],
    }));
  };

  // One value a layer; layers are numbers on the axis and names in the tooltips.
  const byLayer = (parent, label, type, layers, datasets, y, extra = {}) => {
    chart(parent, label, () => ({
      type,
      data: {labels: layers.map((layer) => layer.number), datasets},
      options: {
        interaction: {mode: "index", intersect: false},
        scales: {
          x: {stacked: !!extra.stacked, title: {display: true, text: "number of the layer (names are in the tables)"},
              ticks: {maxRotation: 0, autoSkip: true}, grid: {display: false}},
          y: {stacked: !!extra.stacked, title: {display: true, text: y}, ...extra.y},
        },
        plugins: {
          legend: {display: datasets.length > 1},
          tooltip: {callbacks: {title: (items) => `${layers[items[0].dataIndex].number}: ${layers[items[0].dataIndex].id}`}},
        },
      },
      plugins: extra.plugins || [],
    }));
  };
  const bars = (parent, label, names, datasets, x, extra = {}) => {
    const box = make("div", "card wide", null, parent);
    chart(box, label, () => ({
      type: "bar",
      data: {labels: names.map((name) => name.length > 44 ? name.slice(0, 20) + "…" + name.slice(-22) : name), datasets},
      options: {
        indexAxis: "y",
        scales: {x: {title: {display: true, text: x}, ...extra.x}, y: {grid: {display: false}, ticks: {autoSkip: false}}},
        plugins: {legend: {display: datasets.length > 1},
                  tooltip: {callbacks: {title: (items) => names[items[0].dataIndex]}}},
      },
    }));
    box.lastChild.style.height = Math.max(180, 70 + names.length * (datasets.length > 1 ? 34 : 24)) + "px";
  };

  // -- Tables: columns are [title, text of a row, key to sort by, class]

  const table = (columns, rows) => {
    const search = rows.length > 12 ? make("input", "", null, page) : null;
    const box = make("div", "table", null, page), element = make("table", "", null, box);
    const head = make("tr", "", null, make("thead", "", null, element)), body = make("tbody", "", null, element);
    let order = null, down = false;
    const fill = () => {
      body.replaceChildren();
      let shown = rows.slice();
      if (search && search.value)
        shown = shown.filter((row) => columns.some(([, text]) => String(text(row)).toLowerCase().includes(search.value.toLowerCase())));
      if (order !== null) {
        const key = columns[order][2] || columns[order][1];
        const rank = (row) => { const value = key(row); return value === undefined ? null : value; };
        shown.sort((a, b) => {
          const [x, y] = [rank(a), rank(b)];
          if (x === null || y === null) return (x === null) - (y === null);
          return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
        });
      }
      for (const row of shown) {
        const line = make("tr", "", null, body);
        for (const [, text, , className] of columns) make("td", className, text(row), line);
      }
    };
    columns.forEach(([title, , , className], i) => {
      const cell = make("th", className === "number" ? "number" : "", title, head);
      cell.addEventListener("click", () => {
        down = order === i && !down;
        order = i;
        for (const other of head.children) delete other.dataset.order;
        cell.dataset.order = down ? "down" : "up";
        fill();
      });
    });
    if (search) {
      search.type = "search";
      search.placeholder = "Filter";
      search.addEventListener("input", fill);
    }
    fill();
  };

  const tile = (parent, value, text) => {
    const element = make("div", "tile", null, parent);
    make("b", "", value, element);
    make("small", "", text, element);
  };
  const title = (text, subtitle) => {
    document.title = text;
    make("h1", "", text, page);
    if (subtitle) make("p", "soft", subtitle, page);
  };
  const warn = () => {
    if (!report.warnings || !report.warnings.length) return;
    const list = make("ul", "warnings", null, page);
    for (const warning of report.warnings) make("li", "", warning, list);
  };

  // -- What quantization does to each layer

  const sources = [
    ["weights", "weight rounding", "weights"], ["clipping", "activation clipping", "clipping"],
    ["rounding", "activation rounding", "rounding"], ["requantization", "requantization", "requant."],
    ["approximation", "nonlinear functions", "functions"],
  ];
  const sourceName = Object.fromEntries([...sources, ["interaction", "interaction"]]);

  const comparison = () => {
    const layers = report.layers.map((layer, i) => ({...layer, number: i + 1}));
    title(`${report.model || "model"}: what quantization does`,
          `${report.recipe || ""} · measured on ${report.samples} samples · ranges from ${report.calibration_samples ? report.calibration_samples + " samples" : "the table of another tool"}`);
    const tiles = make("div", "tiles", null, page);
    for (const output of report.outputs)
      tile(tiles, decibels(output.device) + " dB", `SQNR of output '${output.name}' against float, cosine ${fixed(5)(output.device && output.device.cosine)}`);
    for (const output of report.outputs)
      if (output.rewritten) tile(tiles, decibels(output.rewritten) + " dB", `SQNR of output '${output.name}' after the rewrites of the float network alone`);
    if (report.top1) tile(tiles, fixed(2)(report.top1.device) + " %", `top-1 in integers; float has ${fixed(2)(report.top1.float)} %`);
    if (report.agreement) tile(tiles, fixed(2)(report.agreement.device) + " %", "of samples have the class that float gives them");
    for (const latency of report.latency || [])
      tile(tiles, short(latency.median_ms) + " ms", `a run of ${latency.file} (${latency.kind}, ${latency.isa})`);
    const floats = layers.filter((layer) => layer.float_reason);
    tile(tiles, `${layers.length - floats.length} of ${layers.length}`, "tensors are computed in integers");
    warn();

    section("Where the error comes from", "Each source alone, as a share of the energy of the float output. Weights, clipping and rounding are switched on one at a time in the float network; requantization and nonlinear functions are what integers add to the simulation. Interaction is what remains of the total: of errors that have nothing to do with each other it is 0.");
    for (const output of report.outputs) {
      if (!output.error) continue;
      const parts = [...sources.map(([key]) => key), "interaction"];
      bars(page, `error of ${output.name} by source`, parts.map((key) => sourceName[key]),
           [{label: output.name, data: parts.map((key) => output.error[key] === null ? null : 100 * output.error[key]), backgroundColor: parts.map((key) => colors[key])}],
           `output '${output.name}': % of the signal's energy; in total ${percent(output.error.total)}`);
    }

    section("Along the network");
    const grid = make("div", "", null, page);
    const wide = (heading, text) => {
      const box = make("div", "card wide", null, grid);
      box.style.marginBottom = "14px";
      make("h3", "", heading, box);
      make("div", "soft", text, box);
      return box;
    };
    const measured = layers.filter((layer) => layer.device || layer.simulation);
    const level = (layer, stage) => layer[stage] ? layer[stage].sqnr_db : null;
    byLayer(wide("SQNR of each tensor", "Simulation: quantized stage in floats. Device: integer stage, what compiled code computes. A gap is a tensor without error."),
            "SQNR of each tensor", "line", measured, [
      {label: "device", data: measured.map((layer) => level(layer, "device")), borderColor: colors.blue, backgroundColor: colors.blue, borderWidth: 1.5, pointRadius: 2},
      {label: "simulation", data: measured.map((layer) => level(layer, "simulation")), borderColor: colors.orange, backgroundColor: colors.orange, borderWidth: 3, pointRadius: 0},
    ], "dB");
    const split = layers.filter((layer) => layer.error && layer.error.total > 0);
    const sum = (error) => sources.reduce((total, [key]) => total + (error[key] || 0), 0);
    if (split.length)
      byLayer(wide("Sources of each tensor's error", "Shares of the sum of all sources."), "sources of each tensor's error", "bar", split,
              sources.map(([key, name]) => ({label: name, data: split.map((layer) => sum(layer.error) ? 100 * (layer.error[key] || 0) / sum(layer.error) : 0), backgroundColor: colors[key], barPercentage: 1, categoryPercentage: 0.9})),
              "% of the error", {stacked: true, y: {max: 100}});
    const summed = layers.filter((layer) => layer.accumulator_bits);
    if (summed.length)
      byLayer(wide("Accumulators", "Bits that the sum of each contraction can need, for any data; it has 31 and a sign."), "accumulator bits", "bar", summed, [
        {label: "bits used", data: summed.map((layer) => layer.accumulator_bits), backgroundColor: colors.blue},
        {label: "head room", data: summed.map((layer) => 31 - layer.accumulator_bits), backgroundColor: colors.green + "55"},
      ], "bits", {stacked: true, y: {max: 31}});
    const limited = layers.filter((layer) => layer.clip_rate !== undefined && layer.clip_rate !== null);
    const clipped = wide("Clipped values", `Share of the values of the float network on these ${report.samples} samples that have no code.`);
    if (limited.some((layer) => layer.clip_rate > 0))
      byLayer(clipped, "clipped values", "bar", limited, [{label: "clipped", data: limited.map((layer) => 100 * layer.clip_rate), backgroundColor: colors.clipping}], "% of values", {y: {beginAtZero: true}});
    else
      make("p", "", "No value of any tensor is clipped.", clipped);

    section("What was measured", "Click on a heading to sort. SQNR and cosine are against the float stage. The last six columns: error by source, and of all, in % of the tensor's energy.");
    const scheme = (text, scales) => text.replace(" bits, ", " bits ").replace(", restricted", "").replace(/, axis = \d+/, "")
        .replace("per_channel", scales ? `per channel (${scales} scales)` : "per channel").replace(/_/g, " ");
    const error = (key) => (layer) => layer.error ? layer.error[key] : null;
    table([
      ["#", (l) => l.number, null, "number"],
      ["tensor", (l) => l.id, null, "name"],
      ["op", (l) => l.op],
      ["sim dB", (l) => decibels(l.simulation), (l) => level(l, "simulation"), "number"],
      ["dev dB", (l) => decibels(l.device) + (l.device_measured_on ? " *" : ""), (l) => level(l, "device"), "number"],
      ["cosine", (l) => l.device ? fixed(5)(l.device.cosine) : "–", (l) => l.device && l.device.cosine, "number"],
      ["clipped %", (l) => l.clip_rate === undefined ? "–" : tiny(l.clip_rate), (l) => l.clip_rate, "number"],
      ["acc bits", (l) => l.accumulator_bits === undefined ? "–" : l.accumulator_bits, (l) => l.accumulator_bits, "number"],
      ...sources.map(([key, , name]) => [name, (l) => l.error ? tiny(l.error[key]) : "–", error(key), "number"]),
      ["all", (l) => l.error ? tiny(l.error.total) : "–", error("total"), "number"],
    ], layers);
    if (layers.some((layer) => layer.device_measured_on))
      make("p", "soft", "* measured on the accumulator, which is added before it is rounded to codes.", page);

    section("What was decided", "For every tensor, and by which rule.");
    table([
      ["#", (l) => l.number, null, "number"],
      ["tensor", (l) => l.id, null, "name"],
      ["shape", (l) => l.shape.join("×")],
      ["range", (l) => interval(l.range), (l) => l.range && l.range[1] - l.range[0], "number"],
      ["range from", (l) => l.range_rule || "–", null, "rule"],
      ["scale", (l) => short(l.scale), (l) => l.scale, "number"],
      ["zero", (l) => l.scale === undefined ? "–" : l.zero_point, (l) => l.zero_point, "number"],
      ["activation", (l) => l.activation_scheme ? scheme(l.activation_scheme) : l.scale !== undefined ? "codes of its operand" : "–", null, "long"],
      ["weight", (l) => l.weight_scheme ? scheme(l.weight_scheme, l.weight_scales) + (l.weight_range_rule && l.weight_range_rule !== "--weight-method=minmax" ? "; " + l.weight_range_rule : "") : "–", null, "long"],
      ["scheme from", (l) => l.scheme_rule || "–", null, "rule"],
      ["remarks", (l) => [...(l.float_reason ? ["float: " + l.float_reason] : []), ...(l.notes || [])].join("; "), null, "long"],
    ], layers);

    section("Histograms", "Share of values, on a logarithmic axis. The red lines are the range that the codes cover.");
    const cards = make("div", "cards", null, page);
    const card = (layer, heading, text, series, range) => {
      const box = make("div", "card", null, cards);
      make("h3", "", heading, box).title = heading;
      make("div", "soft", text, box);
      histogram(box, heading, series, range);
    };
    for (const layer of layers) {
      const h = layer.histograms || {}, series = [];
      if (h.calibration) series.push({bins: h.calibration, name: "calibration data", color: colors.blue, fill: true});
      if (h.samples) series.push({bins: h.samples, name: "these samples", color: colors.orange});
      if (series.length) card(layer, `${layer.number} ${layer.id}`, `${layer.op} · range ${interval(layer.range)}, ${layer.range_rule || ""}`, series, layer.range);
      if (h.weights) card(layer, `${layer.number} ${layer.id}: weight`, `${layer.weight_scheme ? scheme(layer.weight_scheme, layer.weight_scales) : "stays float"}${layer.weight_range ? ` · widest range ${interval(layer.weight_range)}, ${layer.weight_range_rule}` : ""}`, [{bins: h.weights, name: "weight", color: colors.green, fill: true}], layer.weight_range);
    }

    if (report.latency && report.latency.length) {
      section("Latency", "One run on one thread of this machine.");
      table([
        ["artifact", (l) => l.file, null, "name"], ["kind", (l) => l.kind], ["instruction set", (l) => l.isa],
        ["median ms", (l) => short(l.median_ms), (l) => l.median_ms, "number"],
        ["fastest ms", (l) => short(l.min_ms), (l) => l.min_ms, "number"], ["runs", (l) => l.runs, null, "number"],
      ], report.latency);
    }
  };

  // -- Rankings

  const ranking = () => {
    title(`${report.model || "model"}: ways to quantize it`, `Compiled for this machine, measured on ${report.samples} samples against the float model.`);
    warn();
    const rows = report.candidates.map((row, i) => ({...row, number: i + 1}));
    const done = rows.filter((row) => !row.error);
    if (done.length) {
      section("SQNR of the outputs");
      bars(page, "SQNR of the outputs", done.map((row) => row.name), [{label: "dB", data: done.map((row) => row.device.sqnr_db), backgroundColor: colors.blue}], "dB");
      if (done[0].agreement !== undefined) {
        section("Classes");
        bars(page, "classes", done.map((row) => row.name), [
          {label: "agrees with float", data: done.map((row) => row.agreement), backgroundColor: colors.green},
          ...(done[0].top1 === undefined ? [] : [{label: "top-1", data: done.map((row) => row.top1), backgroundColor: colors.orange}]),
        ], "% of samples", {x: {max: 100}});
      }
    }
    section("All candidates", report.float_top1 === undefined ? "" : `Float has a top-1 of ${fixed(2)(report.float_top1)} %.`);
    const columns = [
      ["#", (r) => r.number, null, "number"], ["candidate", (r) => r.name, null, "name wide"],
      ["SQNR dB", (r) => r.error ? "–" : decibels(r.device), (r) => r.error ? null : r.device.sqnr_db, "number"],
      ["cosine", (r) => r.error ? "–" : fixed(5)(r.device.cosine), (r) => r.error ? null : r.device.cosine, "number"],
    ];
    if (done.some((row) => row.agreement !== undefined)) columns.push(["agrees %", (r) => fixed(2)(r.agreement), (r) => r.agreement, "number"]);
    if (done.some((row) => row.top1 !== undefined)) columns.push(["top-1 %", (r) => fixed(2)(r.top1), (r) => r.top1, "number"]);
    columns.push(["weights KiB", (r) => r.error ? "–" : fixed(1)(r.weights_bytes / 1024), (r) => r.weights_bytes, "number"]);
    columns.push(["float ops", (r) => r.error ? "–" : r.float_ops, null, "number"]);
    columns.push(["not possible because", (r) => r.error || "", null, "long"]);
    table(columns, rows);
  };

  const sensitivity = () => {
    title(`${report.model || "model"}: sensitivity of its layers`, `${report.recipe || ""} · compiled for this machine, measured on ${report.samples} samples`);
    const tiles = make("div", "tiles", null, page);
    tile(tiles, decibels(report.all) + " dB", "SQNR of the outputs with all layers quantized");
    warn();
    const layers = report.layers.map((layer, i) => ({...layer, number: i + 1}));
    const level = (fidelity) => fidelity ? fidelity.sqnr_db : null;
    const gain = (layer) => level(layer.float) === null || report.all.sqnr_db === null ? null : level(layer.float) - report.all.sqnr_db;
    section("One layer at a time", "Top: SQNR of the outputs with only this layer quantized; the lower, the more the layer costs. Bottom: what keeping this layer alone float gains.");
    const only = make("div", "card wide", null, page);
    byLayer(only, "only this layer quantized", "bar", layers, [{label: "only this one quantized", data: layers.map((l) => level(l.only)), backgroundColor: colors.blue}], "dB, only this one quantized");
    const kept = make("div", "card wide", null, page);
    kept.style.marginTop = "14px";
    byLayer(kept, "only this layer float", "bar", layers, [{label: "gain", data: layers.map(gain), backgroundColor: colors.green}], "dB gained, only this one float");
    section("All layers", "Click on a heading to sort.");
    table([
      ["#", (l) => l.number, null, "number"], ["layer", (l) => l.id, null, "name"], ["op", (l) => l.op],
      ["only this quantized, dB", (l) => decibels(l.only), (l) => level(l.only), "number"],
      ["only this float, dB", (l) => decibels(l.float), (l) => level(l.float), "number"],
      ["gain dB", (l) => fixed(2)(gain(l)), gain, "number"],
      ["not possible because", (l) => l.error || "", null, "long"],
    ], layers);
  };

  const artifact = () => {
    title(`${report.file}`, `${report.kind} for ${report.architecture}`);
    const part = report.integer_part || {};
    const tiles = make("div", "tiles", null, page);
    tile(tiles, part.error ? "not checked" : String(part.float_instructions), part.error || `float instructions among ${part.instructions} of the integer part`);
    tile(tiles, `${(report.weights_bytes / 1024).toFixed(1)} KiB`, "weights");
    tile(tiles, `${(report.arena_bytes / 1024).toFixed(1)} KiB`, "arena");
    tile(tiles, `${(report.code_bytes / 1024).toFixed(1)} KiB`, "code");
    if (typeof report.accumulator_bits === "number") tile(tiles, `${report.accumulator_bits} of 31`, "bits of the widest accumulator");
    section("Memory");
    bars(page, "bytes", ["weights", "arena", "code"], [{label: "KiB", data: [report.weights_bytes, report.arena_bytes, report.code_bytes].map((n) => n / 1024), backgroundColor: colors.blue}], "KiB");
    section("Inputs and outputs");
    table([
      ["name", (t) => t.name, null, "name"], ["direction", (t) => t.direction], ["type", (t) => t.type], ["shape", (t) => t.shape.join("×")],
      ["codes", (t) => t.code_type || "–"], ["scale", (t) => short(t.scale), null, "number"],
      ["zero point", (t) => t.zero_point === undefined ? "–" : t.zero_point, null, "number"],
    ], [...report.inputs.map((t) => ({...t, direction: "input"})), ...report.outputs.map((t) => ({...t, direction: "output"}))]);
    section("Everything");
    make("pre", "", JSON.stringify(report, null, 2), make("div", "card", null, page));
  };

  ({comparison, ranking, sensitivity, artifact})[report.report]();
  if (location.hash === "#all") drawAll();
  state.done = "yes";
})();
