import Bytes
import SAM2Config
import Testing

@testable import SAM2Import

/// Models built for another size of the input than the configured one.
struct ImageSizeTests {
  @Test(arguments: [
    ("sam2.1_hiera_tiny", 32), ("sam2.1_hiera_base_plus", 32), ("sam2.1_hiera_large", 32),
    ("edgetam", 256), ("nano", 32),
  ])
  func sizesAreMultiplesOfWhatWindowsNeed(name: String, step: Int) throws {
    let model = variant(name)
    #expect(model.imageSizeStep == step)
    for side in [step, 2 * step, 1536] {
      let resized = try model.resized(to: side)
      #expect(resized.imageSize == side)
      #expect(resized.variant == name)
    }
  }

  @Test(arguments: [
    ("sam2.1_hiera_tiny", 500, "use 480 or 512"), ("nano", 0, "use 32"), ("nano", -256, "use 32"),
    ("nano", 8224, "use 8192"), ("nano", Int.max, "use 8192"), ("nano", Int.min, "use 32"),
    ("edgetam", 320, "use 256 or 512"), ("edgetam", 32, "use 256"),
  ])
  func otherSizesAreRefused(name: String, side: Int, hint: String) {
    let found = failure { () throws(Failure) in _ = try variant(name).resized(to: side) }
    #expect(found?.code == "config.image_size")
    #expect(found?.kind == .badInput)
    #expect(found?.hint == hint)
  }

  @Test
  func aRequestedSizeIsReportedUnlessItIsTheConfiguredOne() throws {
    let checkpoint = SyntheticCheckpoint(variant("sam2.1_hiera_tiny"))
    let smaller = try ConfigurationDetector.detect(checkpoint, imageSize: 512)
    #expect(smaller.configuration.imageSize == 512)
    #expect(smaller.resizing == InputResizing(configured: 1024, requested: 512))
    let usual = try ConfigurationDetector.detect(checkpoint, imageSize: 1024)
    #expect(usual.resizing == nil)
    #expect(usual.configuration == variant("sam2.1_hiera_tiny"))
  }

  /// MedSAM2 differs from SAM 2.1 Tiny in this number alone: its file and the option give one model.
  @Test
  func aConfigurationFileOfAnotherSizeKeepsItsName() throws {
    let text = try OfficialYAMLTests.nanoText().replacing(
      "image_size: 256", with: "image_size: 160")
    let configuration = try OfficialYAML.configuration(parsing: text)
    #expect(configuration == (try variant("nano").resized(to: 160)))
    let detection = try ConfigurationDetector.detect(
      SyntheticCheckpoint(variant("nano")), given: configuration)
    #expect(detection.resizing == nil)
  }
}
