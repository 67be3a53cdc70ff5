import Annotations
import Bytes
public import Endpoints
import JSON
import JobSupport
import Media
import Synchronization
public import Workbench

/// The protocol of Label Studio's machine learning backends: smart key points and rectangles are
/// converted to brush masks.
///
/// Pictures come from the media folder, from the task itself, or from the requesting Label Studio
/// if its host is allowed.
public struct LabelStudioEndpoints: Sendable {
  private let workbench: Workbench
  private let remote: RemotePictures
  /// By project: the address of its Label Studio, and the token for it.
  private let projects = Projects()

  public init(_ workbench: Workbench, remote: RemotePictures) {
    (self.workbench, self.remote) = (workbench, remote)
  }

  public var endpoints: [Endpoint] {
    let json = Endpoint.Body.json(limit: 16 << 20)
    return [
      Endpoint(.post, "/setup", body: json) { try setUp($0) },
      Endpoint(.post, "/predict", body: json) { try await predict($0) },
      // Annotation events do not train anything here.
      Endpoint(.post, "/webhook", body: json) { _ in Answer(status: 201, ["status": "ignored"]) },
    ]
  }

  private static let version = "sam2-swift-\(Product.version)"

  // MARK: - Projects

  private final class Projects: Sendable {
    struct Project: Sendable {
      var hostname: String
      var token: String
      var config: String
    }

    private static let limit = 1000
    private let known = Guarded<[String: Project]>([:])

    func set(_ id: String, _ project: Project) {
      known.withLock { known in
        if known.count >= Projects.limit, known[id] == nil { known = [:] }
        known[id] = project
      }
    }

    subscript(id: String) -> Project? { known.withLock { $0[id] } }
  }

  private func setUp(_ call: Call) throws(Failure) -> Answer {
    let json = try call.json()
    let project = Projects.Project(
      hostname: json["hostname"]?.string ?? "", token: json["access_token"]?.string ?? "",
      config: json["schema"]?.string ?? "")
    projects.set(LabelStudioEndpoints.project(json), project)
    return Answer(["model_version": .string(LabelStudioEndpoints.version)])
  }

  /// The project's number; the protocol gives it as a number, as text, or followed by a time.
  private static func project(_ json: JSONValue) -> String {
    let text = json["project"]?.string ?? json["project"]?.int.map(String.init) ?? ""
    return text.split(separator: ".").first.map(String.init) ?? ""
  }

  // MARK: - Predictions

  private func predict(_ call: Call) async throws -> Answer {
    let json = try call.json()
    let tasks = try json.requiredArray("tasks")
    let context = json["params"]?["context"]?["result"]?.array ?? []
    // Without a context, nothing has been drawn yet.
    guard !context.isEmpty, let task = tasks.first else { return Answer(["results": []]) }
    let project = projects[LabelStudioEndpoints.project(json)]
    let config = json["label_config"]?.string ?? project?.config ?? ""
    let brush = try LabelConfig(config).brush()
    let address = try task.required("data").requiredString(brush.value)
    let bytes = try await picture(address, project)
    let size = try ImageReader.uprightSize(
      of: bytes, options: PictureOptions(maximumPixels: workbench.limits.pixels))
    guard
      let asked = try LabelStudioContext(context, width: size.width, height: size.height)
    else { return Answer(["results": []]) }
    let answer = try await workbench.pictures.answers([asked.prompt], on: bytes)[0]
    return Answer(["results": [result(answer.masks[answer.best], asked.label, brush)]])
  }

  private func result(
    _ mask: PictureAnswer.Mask, _ label: String, _ brush: LabelConfig.Brush
  ) -> JSONValue {
    let runs = BrushRuns.encode(mask.runs.mask)
    let region: JSONValue = [
      "id": .string(LabelStudioEndpoints.identifier()), "from_name": .string(brush.fromName),
      "to_name": .string(brush.toName), "original_width": .init(mask.runs.width),
      "original_height": .init(mask.runs.height), "image_rotation": 0, "type": "brushlabels",
      "value": [
        "format": "rle", "rle": .array(runs.map { .init(Int($0)) }),
        "brushlabels": [.string(label)],
      ],
      "score": .init(mask.predictedIoU), "readonly": false,
    ]
    return [
      "result": [region], "model_version": .string(LabelStudioEndpoints.version),
      "score": .init(mask.predictedIoU),
    ]
  }

  /// A region name: ten letters and digits, as Label Studio creates them.
  private static func identifier() -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    return String((0..<10).map { _ in letters[Int.random(in: letters.indices)] })
  }

  // MARK: - Pictures

  /// The picture file of a task.
  private func picture(
    _ address: String, _ project: Projects.Project?
  ) async throws -> [UInt8] {
    let limit = workbench.limits.pictureBytes
    if address.hasPrefix("data:") { return try DataAddress.bytes(address, limit: limit) }
    if let path = LabelStudioEndpoints.localFile(address), let media = workbench.media,
      let item = try? media.item(path), !item.isFolder
    {
      return try item.bytes(limit: limit)
    }
    guard address.hasPrefix("/") else {
      let isHome = project.map { !$0.hostname.isEmpty && address.hasPrefix($0.hostname + "/") }
      return try await remote.fetch(
        address, authorization: isHome ?? false ? authorization(project) : nil)
    }
    guard let project, !project.hostname.isEmpty else {
      throw Failure(
        .badInput, code: "label_studio.hostname",
        "the picture is on a Label Studio whose address is unknown",
        hint: "set LABEL_STUDIO_HOST there, or put the pictures below --media")
    }
    let host =
      project.hostname.hasSuffix("/") ? String(project.hostname.dropLast()) : project.hostname
    return try await remote.fetch(host + address, authorization: authorization(project))
  }

  private func authorization(_ project: Projects.Project?) -> String? {
    guard let token = project?.token, !token.isEmpty else { return nil }
    return "Token \(token)"
  }

  /// The path in an address of a Label Studio local file: `/data/local-files/?d=a/b.jpg`.
  private static func localFile(_ address: String) -> String? {
    guard let mark = address.firstRange(of: "/data/local-files/?"),
      let target = try? RequestTarget("/" + address[mark.upperBound...].prefixed)
    else { return nil }
    return target.query["d"]
  }
}

extension Substring {
  /// With a question mark in front.
  fileprivate var prefixed: String { "?" + self }
}
