import Logging
import TomboloComposition
import TomboloPorts

/// Writes the log to standard error, a line at a time.
struct StandardErrorLogHandler: LogHandler {
  let label: String
  let time: any TimeSource
  private let settings: LiveLogSettings
  /// What the owner of one logger has set; it outlives a reload.
  private var ownLevel: Logger.Level?
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  init(label: String, settings: LiveLogSettings, time: any TimeSource = SystemTimeSource()) {
    self.label = label
    self.time = time
    self.settings = settings
  }

  var logLevel: Logger.Level {
    get { ownLevel ?? settings.value.level }
    set { ownLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
    if let own = event.metadata { all.merge(own) { _, new in new } }
    if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
    let line = LogLine(
      at: time.now, level: event.level, label: label, message: event.message.description, metadata: all)
    Output.log(line.text(settings.value.format))
  }
}
