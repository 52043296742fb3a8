// History in JupyterLab: a card in the launcher, an entry in the File menu, a command. Its panel is the server's page
// in a frame. Written by hand as the container that JupyterLab loads, so that nothing has to be built.
(() => {
  const NAME = 'tinytorch-history';
  const COMMAND = 'tinytorch:history';
  let shared = {};

  async function module(name) {
    const versions = Object.values(shared[name] || {});
    return versions.length ? (await versions[0].get())() : null;
  }

  function openNotebook(app) {
    const context = app.shell.currentWidget && app.shell.currentWidget.context;
    return context && context.path.endsWith('.ipynb') ? context.path : '';
  }

  // A restore would lose what was typed since the last save; saved first, it becomes a version.
  async function saveFirst(app, event) {
    const form = event.target;
    const shows = widget => widget.context && widget.context.path === form.dataset.notebook;
    const unsaved = [...app.shell.widgets('main')].find(widget => shows(widget) && widget.context.model.dirty);
    if (unsaved) {
      event.preventDefault();
      await unsaved.context.save();
      form.submit();
    }
  }

  function panel(app, Widget, address) {
    const widget = new Widget({ node: document.createElement('div') });
    const frame = document.createElement('iframe');
    frame.src = address;
    frame.title = 'History of a notebook';
    frame.style.cssText = 'width: 100%; height: 100%; border: 0; background: #fff';
    frame.addEventListener('load', () => {
      frame.contentDocument.addEventListener('submit', event => void saveFirst(app, event));
    });
    widget.node.append(frame);
    widget.id = `${NAME}-${Date.now()}`;
    widget.title.label = 'History';
    widget.title.closable = true;
    return widget;
  }

  // The page says which notebook it has restored; a tab that shows it reloads it from disk.
  function reloadRestored(app) {
    window.addEventListener('message', event => {
      if (event.origin !== location.origin || !event.data || typeof event.data.restored !== 'string') {
        return;
      }
      for (const widget of app.shell.widgets('main')) {
        if (widget.context && widget.context.path === event.data.restored) {
          void widget.context.revert();
        }
      }
    });
  }

  async function activate(app, launcher, menu, palette) {
    const { Widget } = await module('@lumino/widgets');
    const { PageConfig } = await module('@jupyterlab/coreutils');
    app.commands.addCommand(COMMAND, {
      label: 'History of the Notebook',
      caption: 'Earlier versions of a module\'s notebook: compare them, put one back',
      execute: async () => {
        const context = app.shell.currentWidget && app.shell.currentWidget.context;
        const notebook = openNotebook(app);
        if (notebook && context.model.dirty) {
          await context.save();
        }
        const query = notebook ? `?notebook=${encodeURIComponent(notebook)}` : '';
        app.shell.add(panel(app, Widget, `${PageConfig.getBaseUrl()}history${query}`), 'main', { mode: 'split-right' });
      }
    });
    launcher && launcher.add({ command: COMMAND, category: 'Other', rank: 0 });
    menu && menu.fileMenu.addGroup([{ command: COMMAND }], 4);
    palette && palette.addItem({ command: COMMAND, category: 'Notebook Operations' });
    reloadRestored(app);
  }

  async function plugin() {
    const tokens = [
      (await module('@jupyterlab/launcher')).ILauncher,
      (await module('@jupyterlab/mainmenu')).IMainMenu,
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
