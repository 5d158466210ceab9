/*
 * Says whose server this is, in JupyterLab's top line, to everybody but its owner.
 *
 * Written by hand as what a bundler makes for JupyterLab 4, so that nothing has to be built. Where
 * there is no hub, it is silent.
 */
(() => {
  const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
  let scope = {}; // what JupyterLab shares with extensions: package -> version -> loader

  async function shared(name) {
    const versions = Object.values(scope[name] || {});
    const found = versions.find((version) => version.loaded) || versions[0];
    return found ? (await found.get())() : {};
  }

  async function activate(app) {
    const {hubUser: visitor, hubServerUser: owner} = config;
    if (!owner || visitor === owner) return;
    const {Widget} = await shared("@lumino/widgets"); // by now it is JupyterLab's own
    if (!Widget) return;
    const node = document.createElement("strong");
    node.textContent = `Server of ${owner}`;
    node.title = "What you change here is changed for its owner.";
    node.style.cssText = "padding: 0 12px; align-content: center; color: #fff; background: #a33";
    const label = new Widget({node});
    label.id = "opendata-hub-whose";
    app.shell.add(label, "top", {rank: 1000});
  }

  const plugin = {id: "opendata-hub-whose:plugin", autoStart: true, activate};

  (window._JUPYTERLAB ??= {})["opendata-hub-whose"] = {
    init: (given) => {
      scope = given;
    },
    get: async () => () => ({__esModule: true, default: plugin}),
  };
})();
