// One worker's copy of the configuration in force: read again when its version in the arena has changed.
import { Configuration } from "../../config/configuration.ts";
import { Settings } from "../../config/settings.ts";
import { ConfigCell } from "../../state/config_cell.ts";

/** The settings of the present request. */
export class SettingsCell {
  settings: Settings;
  configuration: Configuration;
  private version = -1;

  constructor(readonly cell: ConfigCell) {
    const { text } = cell.read();
    this.configuration = Configuration.parse(text);
    this.settings = new Settings(this.configuration);
  }

  /** True when the settings are other ones than before. One atomic load when nothing has changed. */
  refresh(): boolean {
    if (this.cell.version() === this.version) return false;
    const { text, version } = this.cell.read();
    this.configuration = Configuration.parse(text);
    this.settings = new Settings(this.configuration);
    this.version = version;
    return true;
  }
}
