// Questions in JupyterLab: a card in the launcher and a command that open the server's page in a frame, and a
// notification when an answer has come. Written by hand, like the history's (next to this folder).
(() => {
  const NAME = 'tinytorch-questions';
  const COMMAND = 'tinytorch:questions';
  const MINUTES = 5;
  let shared = {};

  async function module(name) {
    const versions = Object.values(shared[name] || {});
    return versions.length ? (await versions[0].get())() : null;
  }

  function panel(Widget, address) {
    const widget = new Widget({ node: document.createElement('div') });
    const frame = document.createElement('iframe');
    frame.src = address;
    frame.title = 'Your questions to the staff';
    frame.style.cssText = 'width: 100%; height: 100%; border: 0; background: #fff';
    widget.node.append(frame);
    widget.id = `${NAME}-${Date.now()}`;
    widget.title.label = 'Questions';
    widget.title.closable = true;
    return widget;
  }

  // Through JupyterLab's own connection, which sends the form token that the Hub's login requires with each request.
  async function unread(ServerConnection, address) {
    try {
      const answer = await ServerConnection.makeRequest(address, {}, ServerConnection.makeSettings());
      return answer.ok ? (await answer.json()).unread : [];
    } catch {
      return []; // the server is down; ask again later
    }
  }

  // Once for each number of unread answers: nobody is shown the same notification again every few minutes.
  function tellOfAnswers(app, Notification, ServerConnection, address) {
    let told = 0;
    const look = async () => {
      const rows = await unread(ServerConnection, address);
      if (rows.length > told) {
        const names = rows.map(row => row.exercise || row.assignment).filter(Boolean).join(', ');
        Notification.info(`The staff answered your question${names ? ` about ${names}` : ''}.`, {
          autoClose: false,
          actions: [{ label: 'Read it', callback: () => void app.commands.execute(COMMAND) }]
        });
      }
      told = rows.length;
    };
    void app.restored.then(look); // notifications work by then
    setInterval(() => void look(), MINUTES * 60 * 1000);
  }

  async function activate(app, launcher, palette) {
    const { Widget } = await module('@lumino/widgets');
    const { PageConfig } = await module('@jupyterlab/coreutils');
    const { Notification } = await module('@jupyterlab/apputils');
    const { ServerConnection } = await module('@jupyterlab/services');
    const base = PageConfig.getBaseUrl();
    app.commands.addCommand(COMMAND, {
      label: 'Questions and Answers',
      caption: 'What you asked the staff, and what they answered',
      execute: () => app.shell.add(panel(Widget, `${base}questions`), 'main', { mode: 'split-right' })
    });
    launcher && launcher.add({ command: COMMAND, category: 'Other', rank: 1 });
    palette && palette.addItem({ command: COMMAND, category: 'Notebook Operations' });
    tellOfAnswers(app, Notification, ServerConnection, `${base}questions/unread`);
  }

  async function plugin() {
    const tokens = [
      (await module('@jupyterlab/launcher')).ILauncher,
      (await module('@jupyterlab/apputils')).ICommandPalette
    ];
    return { id: `${NAME}:plugin`, autoStart: true, optional: tokens, activate };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: scope => {
      shared = scope;
    },
    get: async () => {
      const found = await plugin();
      return () => ({ default: found, __esModule: true });
    }
  };
})();
