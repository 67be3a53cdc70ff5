import ArgumentParser
import Bytes
import CLISupport
import Endpoints
import JSON
import Logging
import SAM2
import ToolProtocols
import WebServer
import Workbench

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serves the model to programs on this machine, and with a token to others.",
    discussion: """
      Examples:

        sam2 serve --media pictures
        sam2 serve --media pictures --detector owlv2.sam2
        sam2 serve --model tiny-int8.sam2 --media /data --cache ~/.cache/sam2 --port 8765
        sam2 serve --host 0.0.0.0 --token "$(openssl rand -hex 16)"

      Prints the address once it can be used. SIGTERM and Ctrl-C end it when the requests at hand are \
      answered. Formats/serve-api.md describes the API; /health and /metrics report its state. The \
      log on stderr has a JSON object on each line.

      Without a token only programs and pages of this machine can use it, and only under its own \
      names. No request reaches a file outside of --media, also not through links, or a host that \
      --allow-host does not name.
      """)

  @OptionGroup(title: "Listening") var listening: ListeningOptions
  @OptionGroup(title: "Limits") var bounds: ServeLimits

  @Option(help: ArgumentHelp("Folder of pictures and videos to open by path.", valueName: "folder"))
  var media: String?

  @Option(
    help: ArgumentHelp(
      "Folder for encoded pictures and sessions, which then outlive the server; created if need be.",
      valueName: "folder"))
  var cache: String?

  @Option(
    parsing: .unconditional,
    help: "Pieces of long work that are done at the same time; clicks do not count.")
  var jobs = 1

  @OptionGroup var detector: DetectorSource
  @OptionGroup var model: ModelSource
  @OptionGroup var machine: RunOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (1...64).contains(jobs) else { throw ValidationError("--jobs must be between 1 and 64") }
  }

  func run() throws {
    try Tool.run {
      let settings = try listening.settings()
      let facts = ModelFacts(
        name: model.name, identity: try model.identity(), metadata: try model.metadata())
      let workbench = try Workbench(
        try model.load(machine), facts, media: media, cache: cache, jobs: jobs,
        limits: bounds.limits)
      let words = WordFinder(
        workbench, try detector.loadIfGiven(machine, budget: model.graphBudget))
      let hosts = listening.allowedHosts
      let endpoints =
        AllEndpoints(workbench, allowedHosts: hosts, words: words).endpoints
        + ToolEndpoints(workbench, allowedHosts: hosts, words: words).endpoints
      let server = try WebServer(
        endpoints, settings, logger: JSONLogHandler.logger(level: logLevel))
      defer { workbench.stop() }
      let listening = listening
      try Blocking.run {
        try await server.run { port in
          Console.data(listening.address(port: port))
        } stopping: {
          workbench.jobs.cancelAll()
        }
      }
    }
  }

  private var logLevel: Logger.Level {
    if common.quiet { return .warning }
    return common.verbose ? .debug : .info
  }
}

/// Where, and for whom, the server listens.
struct ListeningOptions: ParsableArguments, Sendable {
  @Option(help: "Address to listen on; another than that of this machine alone needs --token.")
  var host = "127.0.0.1"

  @Option(parsing: .unconditional, help: "Port to listen on; 0 takes any that is free.")
  var port = 8765

  @Option(
    help: ArgumentHelp(
      "Token that clients must send; at least 8 characters (default: $SAM2_TOKEN, else none).",
      valueName: "text"))
  var token: String?

  @Option(
    name: .customLong("allow-host"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A host, with a port if need be, from which pictures at web addresses are fetched. Repeatable.",
      valueName: "host"))
  var allowedHosts: [String] = []

  /// - Throws: any error that `ServerSettings.validate` throws.
  func settings() throws(Failure) -> ServerSettings {
    var settings = ServerSettings()
    (settings.host, settings.port) = (host, port)
    settings.token = token ?? Console.variable("SAM2_TOKEN")
    try settings.validate()
    return settings
  }

  /// The address of the page, in the form a person would type it.
  func address(port: Int) -> String {
    let name = host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host
    return "http://\(name.contains(":") ? "[\(name)]" : name):\(port)/"
  }
}

/// Limits on what clients can request.
struct ServeLimits: ParsableArguments {
  @Option(parsing: .unconditional, help: "Pixels of a picture or frame at most.")
  var maxPixels = WorkLimits().pixels

  @Option(parsing: .unconditional, help: "Pictures that can be open at the same time.")
  var maxPictures = WorkLimits().pictures

  @Option(parsing: .unconditional, help: "Megabytes of memory for encoded pictures.")
  var memoryBudget = WorkLimits().memoryBytes >> 20

  @Option(parsing: .unconditional, help: "Megabytes of disk for encoded pictures.")
  var diskBudget = WorkLimits().diskBytes >> 20

  func validate() throws {
    let bounds = [
      ("--max-pixels", maxPixels, 1...1_000_000_000), ("--max-pictures", maxPictures, 1...100_000),
      ("--memory-budget", memoryBudget, 1...10_000_000),
      ("--disk-budget", diskBudget, 1...100_000_000),
    ]
    for (name, value, range) in bounds where !range.contains(value) {
      throw ValidationError(
        "\(name) must be between \(range.lowerBound) and \(range.upperBound), not \(value)")
    }
  }

  var limits: WorkLimits {
    var limits = WorkLimits()
    (limits.pixels, limits.pictures) = (maxPixels, maxPictures)
    (limits.memoryBytes, limits.diskBytes) = (memoryBudget << 20, diskBudget << 20)
    return limits
  }
}
