/* The page of ticker-server. No framework, nothing from elsewhere; texts reach the page as text only, never as HTML. */
"use strict";

(() => {
    const texts = {
        en: {
            skip: "Skip to the content",
            tagline: "Quotes and trades of B3",
            ready: "Ready",
            notReady: "Not ready",
            unreachable: "The server does not answer",
            tokenTitle: "Token",
            tokenLabel: "This server wants a token. It is kept until this page is closed.",
            tokenUse: "Use it",
            uploadTitle: "Import a file",
            dropHint: "Drop COTAHIST or NEGOCIOSAVISTA files here, zipped as B3 publishes them or plain.",
            choose: "Choose files",
            searchTitle: "Quotes",
            searchLabel: "Ticker, ISIN or name",
            importsTitle: "Latest imports",
            linksTitle: "For programs",
            linkApi: "Description of the API (OpenAPI 3.1)",
            linkReady: "Readiness",
            linkMetrics: "Metrics for Prometheus",
            sending: "Sending",
            queued: "Waiting",
            running: "Importing",
            imported: "Imported",
            duplicate: "Already there",
            failed: "Refused",
            refused: "Not taken",
            broken: "The connection broke off; try again",
            progressOf: (name) => `Upload of ${name}`,
            rows: (imported, rejected) => `${imported} rows imported` + (rejected === "0" ? "" : `, ${rejected} rejected`),
            sameAs: (id) => `The same bytes as import ${id}`,
            newerIs: (id) => `A newer version of it is there: import ${id}`,
            importOf: (name) => `Import of ${name}`,
            done: (percent, records) => (percent === "" ? "" : `${percent} %, `) + `${records} records read`,
            noImports: "Nothing has been imported yet.",
            importColumns: ["No.", "File", "State", "Rows", "Rejected", "Days", "Reason"],
            problems: (count) => `${count} rejected or repaired rows`,
            problemAt: (line, reason) => `Line ${line}: ${reason}`,
            noTickers: "Nothing is called that.",
            found: (count, more) => `${count}${more ? " or more" : ""} found`,
            quotesOf: (ticker) => `Last quotes of ${ticker}`,
            noQuotes: "There are no quotes of it.",
            quoteColumns: ["Day", "Market", "Open", "High", "Low", "Average", "Close", "Trades", "Volume", "Turnover"],
            chartOf: (ticker, from, to) => `Closing prices of ${ticker} from ${from} to ${to}`,
            summary: { max_range_value: "Highest price", min_range_value: "Lowest price", max_daily_volume: "Largest daily volume",
                days: "Days", first_date: "First day", last_date: "Last day" },
            failedAnswer: (status) => `The server answered ${status}`,
        },
        pt: {
            skip: "Ir para o conteúdo",
            tagline: "Cotações e negócios da B3",
            ready: "Pronto",
            notReady: "Indisponível",
            unreachable: "O servidor não responde",
            tokenTitle: "Token",
            tokenLabel: "Este servidor pede um token. Ele é guardado até esta página ser fechada.",
            tokenUse: "Usar",
            uploadTitle: "Importar um arquivo",
            dropHint: "Solte aqui arquivos COTAHIST ou NEGOCIOSAVISTA, compactados como a B3 os publica ou não.",
            choose: "Escolher arquivos",
            searchTitle: "Cotações",
            searchLabel: "Código, ISIN ou nome",
            importsTitle: "Últimas importações",
            linksTitle: "Para programas",
            linkApi: "Descrição da API (OpenAPI 3.1)",
            linkReady: "Prontidão",
            linkMetrics: "Métricas para o Prometheus",
            sending: "Enviando",
            queued: "Na fila",
            running: "Importando",
            imported: "Importado",
            duplicate: "Já existia",
            failed: "Recusado",
            refused: "Não aceito",
            broken: "A conexão caiu; tente de novo",
            progressOf: (name) => `Envio de ${name}`,
            rows: (imported, rejected) => `${imported} linhas importadas` + (rejected === "0" ? "" : `, ${rejected} rejeitadas`),
            sameAs: (id) => `Os mesmos bytes da importação ${id}`,
            newerIs: (id) => `Há uma versão mais nova: importação ${id}`,
            importOf: (name) => `Importação de ${name}`,
            done: (percent, records) => (percent === "" ? "" : `${percent} %, `) + `${records} registros lidos`,
            noImports: "Nada foi importado ainda.",
            importColumns: ["Nº", "Arquivo", "Estado", "Linhas", "Rejeitadas", "Dias", "Motivo"],
            problems: (count) => `${count} linhas rejeitadas ou corrigidas`,
            problemAt: (line, reason) => `Linha ${line}: ${reason}`,
            noTickers: "Nada tem esse nome.",
            found: (count, more) => `${count}${more ? " ou mais" : ""} encontrados`,
            quotesOf: (ticker) => `Últimas cotações de ${ticker}`,
            noQuotes: "Não há cotações dele.",
            quoteColumns: ["Dia", "Mercado", "Abertura", "Máxima", "Mínima", "Média", "Fechamento", "Negócios", "Volume", "Giro"],
            chartOf: (ticker, from, to) => `Fechamentos de ${ticker} de ${from} a ${to}`,
            summary: { max_range_value: "Maior preço", min_range_value: "Menor preço", max_daily_volume: "Maior volume diário",
                days: "Dias", first_date: "Primeiro dia", last_date: "Último dia" },
            failedAnswer: (status) => `O servidor respondeu ${status}`,
        },
    };

    const portuguese = (navigator.languages && navigator.languages[0] || navigator.language || "en").toLowerCase().startsWith("pt");
    const text = portuguese ? texts.pt : texts.en;
    const IMPORTS_SHOWN = 15, TICKERS_SHOWN = 12, QUOTES_SHOWN = 250, ROWS_SHOWN = 12;
    const POLL = 1000, REFRESH = 20000, TYPING = 250;
    let token = "";

    const byId = (id) => document.getElementById(id);

    const make = (name, options = {}, ...children) => {
        const node = document.createElement(name);
        for (const [key, value] of Object.entries(options)) {
            if (key === "text")
                node.textContent = value;
            else
                node.setAttribute(key, value);
        }
        node.append(...children);
        return node;
    };

    /* --- Numbers and days stay the texts that the server sent, so that every digit is the stored one. */

    const showNumber = (digits) => {
        const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(digits);
        if (match === null)
            return digits;
        const whole = match[2].replace(/\B(?=(\d{3})+$)/g, portuguese ? "." : ",");
        return match[1] + whole + (match[3] === undefined ? "" : (portuguese ? "," : ".") + match[3]);
    };

    const showDay = (day) => {
        const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day || "");
        return match !== null && portuguese ? `${match[3]}/${match[2]}/${match[1]}` : day || "";
    };

    /* RFC 4180 into objects whose members are texts. */
    const readCsv = (csv) => {
        const rows = [];
        let row = [], cell = "", quoted = false;
        for (let i = 0; i < csv.length; i++) {
            const c = csv[i];
            if (quoted) {
                if (c !== "\"")
                    cell += c;
                else if (csv[i + 1] === "\"")
                    cell += csv[++i];
                else
                    quoted = false;
            } else if (c === "\"") {
                quoted = true;
            } else if (c === "," || c === "\n") {
                row.push(cell);
                cell = "";
                if (c === "\n") {
                    rows.push(row);
                    row = [];
                }
            } else if (c !== "\r") {
                cell += c;
            }
        }
        if (cell !== "" || row.length > 0)
            rows.push([...row, cell]);
        const names = rows.shift() || [];
        return rows.map((cells) => Object.fromEntries(names.map((name, i) => [name, cells[i] === undefined ? "" : cells[i]])));
    };

    /* --- Asking. */

    const headers = (more) => (token === "" ? more : { ...more, Authorization: `Bearer ${token}` });

    const wantToken = () => {
        if (!byId("token-section").hidden)
            return;
        byId("token-section").hidden = false;
        byId("token").focus();
    };

    class Refused extends Error {}

    const explain = async (answer) => {
        const problem = await answer.json().catch(() => ({}));
        return problem.detail || problem.title || text.failedAnswer(answer.status);
    };

    const ask = async (path, accept) => {
        let answer;
        try {
            answer = await fetch(path, { headers: headers({ Accept: accept }), cache: "no-cache" });
        } catch {
            throw new Refused(text.unreachable);
        }
        if (answer.status === 401)
            wantToken();
        if (!answer.ok) {
            const refused = new Refused(await explain(answer));
            refused.status = answer.status;
            throw refused;
        }
        return answer;
    };

    const askRows = async (path) => {
        const answer = await ask(path, "text/csv");
        return { rows: readCsv(await answer.text()), more: /rel="?next"?/.test(answer.headers.get("Link") || "") };
    };

    const askObject = async (path) => (await ask(path, "application/json")).json();

    /* --- Health. */

    const showHealth = async () => {
        const shown = byId("health");
        let state = "bad", words = text.unreachable;
        try {
            const answer = await fetch("/health/ready", { cache: "no-store" });
            state = answer.ok ? "good" : "bad";
            words = answer.ok ? text.ready : text.notReady;
        } catch {
            /* said already */
        }
        if (shown.textContent !== words)
            shown.textContent = words;
        shown.dataset.state = state;
    };

    /* --- Imports. */

    const count = (value) => (value === null || value === undefined ? "" : showNumber(String(value)));

    /* How far a running import is: percent, "" when nobody knows of how much, or null when nothing is known. */
    const percentOf = (one) => {
        if (one.status !== "running" || typeof one.progress_bytes !== "number")
            return null;
        return one.total_bytes > 0 ? String(Math.min(100, Math.floor(one.progress_bytes * 100 / one.total_bytes))) : "";
    };

    const saysProgress = (one) => {
        const percent = percentOf(one);
        return percent === null ? "" : text.done(percent, count(one.progress_records));
    };

    const setBar = (bar, percent) => {
        if (percent === null || percent === "")
            bar.removeAttribute("value"); /* as long as it takes: a bar without an end */
        else
            bar.value = Number(percent);
    };

    /* Why a duplicate is one: an older version of an object has a reason of its own. */
    const repeats = (one) => {
        if (one.status !== "duplicate" || !one.duplicate_of)
            return "";
        return one.error ? text.newerIs(one.duplicate_of) : text.sameAs(one.duplicate_of);
    };

    const stateOf = (status) => make("span", { class: "state", "data-state": status, text: text[status] || status });

    const listProblems = (problems) => {
        const list = make("ul");
        for (const problem of problems)
            list.append(make("li", { text: problem.line ? text.problemAt(problem.line, problem.reason) : problem.reason }));
        return make("details", {}, make("summary", { text: text.problems(problems.length) }), list);
    };

    const reasonOf = (one) => {
        const cell = make("td", { class: "wide reason" });
        const words = repeats(one) || one.error || saysProgress(one);
        if (words)
            cell.append(make("div", { text: words }));
        if (Array.isArray(one.problems) && one.problems.length > 0)
            cell.append(listProblems(one.problems));
        return cell;
    };

    const importState = (one) => {
        const cell = make("td", {}, stateOf(one.status)), percent = percentOf(one);
        if (percent !== null) {
            const bar = make("progress", { max: "100", "aria-label": text.importOf(one.file || "") });
            setBar(bar, percent);
            cell.append(bar);
        }
        return cell;
    };

    const importRow = (one) => {
        const days = one.first_date ? showDay(one.first_date) + (one.last_date !== one.first_date ? ` – ${showDay(one.last_date)}` : "") : "";
        return make("tr", {},
            make("td", { class: "number", text: one.id }),
            make("th", { scope: "row", class: "reason", text: one.member ? `${one.file} / ${one.member}` : one.file || "" }),
            importState(one),
            make("td", { class: "number", text: count(one.imported) }),
            make("td", { class: "number", text: count(one.rejected) }),
            make("td", { text: days }),
            reasonOf(one));
    };

    const headRow = (names, numbers) => {
        const row = make("tr");
        names.forEach((name, i) => row.append(make("th", numbers.includes(i) ? { scope: "col", class: "number", text: name } : { scope: "col", text: name })));
        return row;
    };

    let importsTimer = 0, importsShown = [];

    /* A row that somebody reads is not replaced by the same one. */
    const placeImports = (list) => {
        const body = byId("imports-body"), now = list.map((one) => ({ id: one.id, json: JSON.stringify(one) }));
        if (now.length !== importsShown.length || now.some((one, i) => one.id !== importsShown[i].id))
            body.replaceChildren(...list.map(importRow));
        else
            now.forEach((one, i) => {
                if (one.json !== importsShown[i].json)
                    body.children[i].replaceWith(importRow(list[i]));
            });
        importsShown = now;
    };

    const showImports = async () => {
        const status = byId("imports-status");
        let busy = false;
        clearTimeout(importsTimer);
        try {
            const list = await askObject(`/api/imports?limit=${IMPORTS_SHOWN}`);
            busy = list.some((one) => one.status === "queued" || one.status === "running");
            status.textContent = list.length === 0 ? text.noImports : "";
            placeImports(list);
        } catch (refused) {
            status.textContent = refused.message;
        }
        importsTimer = setTimeout(showImports, busy ? POLL : REFRESH);
    };

    /* --- Uploads. */

    const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

    const send = (file, progress) => new Promise((resolve, reject) => {
        const request = new XMLHttpRequest(), form = new FormData();
        form.append("file", file);
        request.open("POST", "/api/quotes/upload");
        for (const [name, value] of Object.entries(headers({ Accept: "application/json" })))
            request.setRequestHeader(name, value);
        request.responseType = "json";
        request.upload.addEventListener("progress", (event) => {
            if (event.lengthComputable)
                progress(event.loaded, event.total);
        });
        request.addEventListener("error", () => reject(new Refused(text.broken)));
        request.addEventListener("load", () => {
            const answer = request.response || {};
            if (request.status === 200 || request.status === 201) {
                resolve({ id: answer.id, status: answer.status, known: request.status === 200 });
                return;
            }
            if (request.status === 401)
                wantToken();
            reject(new Refused(answer.detail || answer.title || text.failedAnswer(request.status)));
        });
        request.send(form);
    });

    const follow = async (id, show) => {
        for (;;) {
            try {
                const one = await askObject(`/api/imports/${id}`);
                show(one);
                if (one.status !== "queued" && one.status !== "running")
                    return;
            } catch (refused) {
                /* The server may be about to start anew; only what it says for good ends this. */
                if (refused.status === 404 || refused.status === 401 || refused.status === 403)
                    throw refused;
            }
            await wait(POLL);
        }
    };

    const upload = async (file) => {
        const bar = make("progress", { max: "100", value: "0", "aria-label": text.progressOf(file.name) });
        const state = make("span", { class: "state", "data-state": "sending", text: text.sending });
        const words = make("span", { class: "reason" });
        const item = make("li", {}, make("div", { class: "name", text: file.name }), bar, make("div", { role: "status" }, state, " ", words));
        const say = (status, more) => {
            if (state.dataset.state !== status) {
                state.dataset.state = status;
                state.textContent = text[status] || status;
            }
            if (words.textContent !== more)
                words.textContent = more;
        };
        byId("uploads").prepend(item);
        try {
            const answer = await send(file, (loaded, total) => {
                bar.value = total > 0 ? loaded * 100 / total : 100;
            });
            bar.value = 100;
            say(answer.known ? "duplicate" : answer.status, "");
            setBar(bar, null);
            showImports();
            await follow(answer.id, (one) => {
                setBar(bar, percentOf(one));
                if (one.status === "imported" && answer.known)
                    say("duplicate", text.sameAs(one.id));
                else if (one.status === "imported")
                    say("imported", text.rows(count(one.imported), count(one.rejected)));
                else
                    say(one.status, repeats(one) || one.error || saysProgress(one));
            });
        } catch (refused) {
            state.dataset.state = "failed";
            state.textContent = text.refused;
            words.textContent = refused.message;
        }
        bar.remove();
        showImports();
        if (byId("q").value !== "")
            search();
    };

    /* One after the other: the files of a year are large. */
    let uploading = Promise.resolve();

    const uploadAll = (files) => {
        for (const file of files)
            uploading = uploading.then(() => upload(file));
    };

    const startUploads = () => {
        const drop = byId("drop"), input = byId("file");
        let depth = 0;
        const over = (change) => {
            depth = Math.max(0, depth + change);
            drop.classList.toggle("over", depth > 0);
        };
        input.addEventListener("change", () => {
            uploadAll([...input.files]);
            input.value = "";
        });
        drop.addEventListener("dragenter", () => over(1));
        drop.addEventListener("dragleave", () => over(-1));
        /* A file that misses the field must not take the page's place. */
        for (const target of [drop, window]) {
            target.addEventListener("dragover", (event) => event.preventDefault());
            target.addEventListener("drop", (event) => event.preventDefault());
        }
        drop.addEventListener("drop", (event) => {
            over(-depth);
            uploadAll([...event.dataTransfer.files]);
        });
    };

    /* --- Quotes. */

    const quoteRow = (one) => {
        const row = make("tr", {}, make("th", { scope: "row", text: showDay(one.date) }), make("td", { text: one.market }));
        for (const name of ["open", "high", "low", "average", "close", "trades", "volume", "turnover"])
            row.append(make("td", { class: "number", text: showNumber(one[name]) }));
        return row;
    };

    const showChart = (ticker, rows) => {
        const chart = byId("chart"), market = rows.length > 0 ? rows[0].market : "";
        const points = rows.filter((one) => one.market === market && one.close !== "").reverse();
        const closes = points.map((one) => Number(one.close));
        const low = Math.min(...closes), high = Math.max(...closes);
        chart.toggleAttribute("hidden", points.length < 2); /* SVG has no property of that name */
        if (points.length < 2)
            return;
        byId("chart-title").textContent = text.chartOf(ticker, showDay(points[0].date), showDay(points[points.length - 1].date));
        byId("chart-line").setAttribute("points", closes.map((close, i) =>
            `${(i * 600 / (closes.length - 1)).toFixed(1)},${(high > low ? 5 + 110 * (high - close) / (high - low) : 60).toFixed(1)}`).join(" "));
    };

    const showSummary = (one) => {
        byId("summary").replaceChildren(...Object.keys(text.summary).filter((name) => one[name]).map((name) =>
            make("div", {}, make("dt", { text: text.summary[name] }), make("dd", { text: name.endsWith("_date") ? showDay(one[name]) : showNumber(one[name]) }))));
    };

    let asked = 0; /* only the answer to the last question is shown */

    const showQuotes = async (ticker, focus) => {
        const mine = ++asked, path = `/api/quotes/${encodeURIComponent(ticker)}`;
        for (const button of byId("tickers").querySelectorAll("button"))
            button.setAttribute("aria-pressed", String(button.dataset.ticker === ticker));
        try {
            const [quotes, summary] = await Promise.all([askRows(`${path}?order=desc&limit=${QUOTES_SHOWN}`), askRows(`${path}/summary`)]);
            if (mine !== asked)
                return;
            byId("quotes").hidden = false;
            byId("quotes-title").textContent = text.quotesOf(ticker);
            byId("quotes-body").replaceChildren(...quotes.rows.slice(0, ROWS_SHOWN).map(quoteRow));
            byId("quotes-json").href = path;
            byId("quotes-csv").href = `${path}?format=csv`;
            showSummary(summary.rows[0] || {});
            showChart(ticker, quotes.rows);
            byId("search-status").textContent = quotes.rows.length === 0 ? text.noQuotes : byId("search-status").textContent;
            if (focus)
                byId("quotes-title").focus();
        } catch (refused) {
            if (mine === asked)
                byId("search-status").textContent = refused.message;
        }
    };

    const tickerButton = (one) => {
        const button = make("button", { type: "button", "data-ticker": one.ticker, "aria-pressed": "false", text: one.ticker },
            make("small", { text: [one.name, one.specification].filter((word) => word).join(" ") }));
        button.addEventListener("click", () => showQuotes(one.ticker, true));
        return make("li", {}, button);
    };

    const search = async () => {
        const wanted = byId("q").value.trim(), mine = ++asked;
        if (wanted === "") {
            byId("tickers").replaceChildren();
            byId("search-status").textContent = "";
            byId("quotes").hidden = true;
            return;
        }
        try {
            const { rows, more } = await askRows(`/api/tickers?q=${encodeURIComponent(wanted)}&limit=${TICKERS_SHOWN}`);
            if (mine !== asked)
                return;
            byId("tickers").replaceChildren(...rows.map(tickerButton));
            byId("search-status").textContent = rows.length === 0 ? text.noTickers : text.found(rows.length, more);
            const exact = rows.find((one) => one.ticker === wanted.toUpperCase()) || (rows.length === 1 ? rows[0] : undefined);
            if (exact !== undefined)
                await showQuotes(exact.ticker, false);
            else
                byId("quotes").hidden = true;
        } catch (refused) {
            if (mine === asked)
                byId("search-status").textContent = refused.message;
        }
    };

    const startSearch = () => {
        let timer = 0;
        byId("search").addEventListener("submit", (event) => {
            event.preventDefault();
            clearTimeout(timer);
            search();
        });
        byId("q").addEventListener("input", () => {
            clearTimeout(timer);
            timer = setTimeout(search, TYPING);
        });
    };

    /* --- The beginning. */

    const translate = () => {
        document.documentElement.lang = portuguese ? "pt-BR" : "en";
        for (const node of document.querySelectorAll("[data-text]"))
            node.textContent = text[node.dataset.text];
        byId("imports-head").append(headRow(text.importColumns, [0, 3, 4]));
        byId("quotes-head").append(headRow(text.quoteColumns, [2, 3, 4, 5, 6, 7, 8, 9]));
        byId("example").textContent = [
            `curl -F file=@COTAHIST_A2024.ZIP ${location.origin}/api/quotes/upload`,
            `curl "${location.origin}/api/quotes/PETR4?from=2024-01-02&limit=250"`,
            `curl -H "Accept: text/csv" "${location.origin}/api/quotes?ticker=PETR4,VALE5"`,
        ].join("\n");
    };

    translate();
    startUploads();
    startSearch();
    byId("token-form").addEventListener("submit", (event) => {
        event.preventDefault();
        token = byId("token").value.trim();
        byId("token").value = "";
        byId("token-section").hidden = true;
        showImports();
        search();
    });
    showHealth();
    setInterval(showHealth, REFRESH);
    showImports();
})();
