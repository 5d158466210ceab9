/*
 * Shows how full the home is in JupyterLab's status bar, and warns before it is full.
 *
 * Written by hand as what a bundler makes for JupyterLab 4, so that nothing has to be built. Where
 * there is no hub, or the hub does not measure homes, it is silent.
 */
(() => {
  const EVERY = 60; // seconds
  const SOON = 5; // seconds, while the files are being counted
  const OPEN = "opendata-hub:open-files";
  const FULL = 3; // the highest level of the hub's gauge; 0 is fine

  const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
  const base = (config.hubPrefix || "").replace(/hub\/$/, "");
  const page = `${base}services/homes/`;
  let scope = {}; // what JupyterLab shares with extensions: package -> version -> loader

  async function shared(name) {
    const versions = Object.values(scope[name] || {});
    const found = versions.find((version) => version.loaded) || versions[0];
    return found ? (await found.get())() : {};
  }

  async function ask() {
    const answer = await fetch(`${page}${config.baseUrl.slice(base.length)}`, {
      headers: {Authorization: `token ${config.token}`},
      credentials: "omit",
    });
    if (answer.status === 404) return null; // the hub has no such service
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  function statusItem(statusBar, Widget) {
    const node = document.createElement("a");
    Object.assign(node, {href: page, target: "_blank", title: "What takes the room in your home"});
    node.className = "jp-StatusBar-TextItem";
    node.style.color = "inherit";
    const item = new Widget({node});
    item.addClass("jp-mod-highlighted");
    item.hide();
    statusBar.registerStatusItem("opendata-hub-homes:room", {item, align: "right", rank: 5});
    return item;
  }

  function activate(app, statusBar, Widget) {
    if (!base || !config.token) return;
    const item = statusBar && Widget ? statusItem(statusBar, Widget) : null;
    let shown = null; // the notification, until it goes
    let level = 0;

    async function warn(gauge) {
      const options = {autoClose: false, actions: [{label: "See what is large", commandId: OPEN}]};
      const warning = {message: gauge.warning, type: gauge.level === FULL ? "error" : "warning", options};
      if (gauge.level !== level && shown) {
        await app.commands.execute("apputils:dismiss-notification", {id: shown});
        shown = null;
      }
      if (gauge.level > level) shown = await app.commands.execute("apputils:notify", warning);
      level = gauge.level;
    }

    async function look() {
      let wait = EVERY;
      try {
        const gauge = await ask();
        if (!gauge) return;
        if (!gauge.text) wait = SOON;
        if (item) {
          item.node.textContent = `Files: ${gauge.text}`;
          item.setHidden(!gauge.text);
        }
        await warn(gauge);
      } catch (error) {
        console.debug(`opendata-hub: nothing is known of the home: ${error}`);
      }
      setTimeout(look, wait * 1000);
    }

    app.commands.addCommand(OPEN, {
      label: "See What Is Large in Your Home",
      execute: () => void window.open(page, "_blank"),
    });
    app.restored.then(look);
  }

  async function plugin() {
    const [{IStatusBar}, {Widget}] = await Promise.all(["@jupyterlab/statusbar", "@lumino/widgets"].map(shared));
    return {
      id: "opendata-hub-homes:plugin",
      autoStart: true,
      optional: IStatusBar ? [IStatusBar] : [],
      activate: (app, statusBar) => activate(app, statusBar, Widget),
    };
  }

  (window._JUPYTERLAB ??= {})["opendata-hub-homes"] = {
    init: (given) => {
      scope = given;
    },
    get: async () => {
      const found = await plugin();
      return () => ({__esModule: true, default: found});
    },
  };
})();
