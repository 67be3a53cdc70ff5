import Bytes
import Graph
import JSON
import SAM2Config
import Tensors
import Testing

@testable import SAM2Import

/// Models of other kinds are refused by name, before anything else is read of them.
struct ArchitectureTests {
  private func metadata(_ architecture: JSONValue?) -> JSONValue {
    let configuration: (key: String, value: JSONValue) =
      ("configuration", variant("nano").json)
    return .object((architecture.map { [("architecture", $0)] } ?? []) + [configuration])
  }

  @Test
  func sam2IsLoaded() throws {
    #expect(try Architecture(metadata: metadata("sam2")) == .sam2)
    #expect(try ModelConfiguration(metadata: metadata("sam2")) == variant("nano"))
  }

  @Test(arguments: ["sam3", "SAM2", "", "sam2\u{1B}[2J"])
  func othersAreRefusedByName(name: String) throws {
    let found = try #require(
      failure { () throws(Failure) in
        _ = try ModelConfiguration(metadata: metadata(JSONValue(name)))
      })
    #expect(found.code == "model.architecture" && found.kind == .badInput)
    #expect(found.message.contains("\"\(printable(name))\""))
    for known in Architecture.allCases { #expect(found.message.contains(known.rawValue)) }
  }

  @Test(arguments: [nil, 2, .null] as [JSONValue?])
  func aModelWithoutArchitectureIsRefused(value: JSONValue?) {
    let found = failure { () throws(Failure) in
      _ = try ModelConfiguration(metadata: metadata(value))
    }
    #expect(found?.code == "model.architecture")
  }

  @Test
  func exportsAskForTheArchitecture() throws {
    var model = try ModelImporter.importModel(SyntheticCheckpoint(variant("nano"))).model
    model.metadata = metadata("other")
    let found = failure { () throws(Failure) in
      _ = try ModelExporter.export(model, dequantizing: false)
    }
    #expect(found?.code == "model.architecture")
  }
}
