/*
 * Tells the hub's culler whether somebody is at this page of JupyterLab, and warns of a stop.
 *
 * Written by hand as what a bundler makes for JupyterLab 4, so that nothing has to be built. Where
 * there is no hub, or the hub has no culler, it is silent.
 */
(() => {
  const PATIENCE = 60; // seconds to the next question, where there was no answer
  const KEEP = "opendata-hub:keep-running";

  const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
  const base = (config.hubPrefix || "").replace(/hub\/$/, "");

  async function ask(told) {
    const answer = await fetch(`${base}services/culling/${config.baseUrl.slice(base.length)}`, {
      method: "POST",
      headers: {Authorization: `token ${config.token}`, "Content-Type": "application/json"},
      credentials: "omit",
      body: JSON.stringify(told),
    });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  const focused = () => !document.hidden && document.hasFocus();

  function activate(app) {
    if (!base || !config.token) return;
    let shown = null; // the notification, until it goes
    let text = "";

    async function hide() {
      if (shown) await app.commands.execute("apputils:dismiss-notification", {id: shown});
      shown = null;
    }

    async function show(notice) {
      const options = {autoClose: false, actions: [{label: notice.button, commandId: KEEP}]};
      const warning = {message: notice.text, type: "warning", options};
      if (!notice.text) {
        await hide();
      } else if (!shown) {
        shown = await app.commands.execute("apputils:notify", warning);
      } else if (notice.text !== text) {
        // does nothing to one that was closed by hand: that stays away
        await app.commands.execute("apputils:update-notification", {id: shown, ...warning});
      }
      text = notice.text;
    }

    async function look() {
      let wait = PATIENCE;
      try {
        const notice = await ask({focused: focused()});
        wait = notice.ask_in;
        await show(notice);
      } catch (error) {
        console.debug(`opendata-hub: nothing is known of a stop: ${error}`);
        if (/^40[34]$/.test(error.message)) return; // the hub stops nobody's server
      }
      setTimeout(look, wait * 1000);
    }

    async function keep() {
      await hide();
      try {
        await show(await ask({focused: focused(), keep: true}));
      } catch (error) {
        const message = "The hub does not answer, and does not keep this server yet; try again.";
        await app.commands.execute("apputils:notify", {message, type: "error"});
      }
    }

    app.commands.addCommand(KEEP, {label: "Keep This Server Running", execute: keep});
    // Whoever comes back has been here, however short; the warning stays for them to read.
    window.addEventListener("focus", () => ask({focused: focused()}).catch(() => {}));
    app.restored.then(look);
  }

  const plugin = {id: "opendata-hub-culling:plugin", autoStart: true, activate};
  (window._JUPYTERLAB ??= {})["opendata-hub-culling"] = {
    init: () => {},
    get: async () => () => ({__esModule: true, default: plugin}),
  };
})();
