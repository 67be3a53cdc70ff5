import Annotations
import Bytes
import JSON
import Media
import SAM2
import TestSupport
import Testing

@testable import SAM2Jobs

@Suite("Options of a batch's videos")
struct BatchTrackOptionsTests {
  private func options(_ text: String) throws -> BatchTrackOptions {
    try BatchTrackOptions(item: JSONValue(parsing: text))
  }

  @Test("Without members everything is as sam2 track has it")
  func defaults() throws {
    let options = try options("{\"id\": \"a\", \"video\": \"b\"}")
    #expect(options.video == .init())
    #expect(options.toleratesDamage == nil && options.stopAfter == nil && !options.hasOtherFiles)
  }

  @Test("Every member reaches its option")
  func values() throws {
    let options = try options(
      """
      {"fill_hole_area": 0, "non_overlap_masks": true, "clear_non_cond_mem_around_input": true,
       "add_all_frames_to_correct_as_cond": true, "max_cond_frames_in_attn": -1,
       "memory_temporal_stride_for_eval": 2, "multimask_output_for_tracking": false,
       "prune_memory": true,
       "on_error": "skip", "stop_after": 3, "category": "cell", "overlay": "jpg",
       "overlay_parts": "fill,label", "contact_sheet": "png", "save_logits": true}
      """)
    #expect(options.video.fillHoleArea == 0 && options.video.masksDoNotOverlap)
    #expect(options.video.clearsMemoryAroundInput && options.video.correctionsCondition)
    #expect(options.video.maxConditioningFrames == -1 && options.video.memoryStride == 2)
    #expect(options.video.tracksWithMultimask == false && options.video.prunesMemory)
    #expect(options.toleratesDamage == true && options.stopAfter == 3)
    #expect(options.overlay == .pictures && options.overlayParts == [.fill, .label])
    #expect(options.contactSheet == "png" && options.savesLogits && options.hasOtherFiles)
    var preset = options.context(.init())
    #expect(preset.category == "cell" && preset.polygonTolerance == 0.5)
    preset.category = "object"
    preset.imagePrefix = "s3://"
    #expect(options.context(preset).imagePrefix == "s3://")
  }

  @Test(
    "Values that an option does not take are refused",
    arguments: [
      "\"fill_hole_area\": -1", "\"fill_hole_area\": 1000001", "\"fill_hole_area\": true",
      "\"non_overlap_masks\": 1", "\"max_cond_frames_in_attn\": 1",
      "\"memory_temporal_stride_for_eval\": 0", "\"multimask_output_for_tracking\": \"yes\"",
      "\"on_error\": \"ignore\"", "\"stop_after\": 0", "\"category\": 3",
      "\"polygon_tolerance\": -0.5", "\"overlay\": \"/etc/passwd\"", "\"overlay\": true",
      "\"overlay_parts\": \"all\"", "\"contact_sheet\": \"webp\"", "\"save_logits\": \"dir\"",
      "\"stop_after\": null",
    ])
  func refusals(member: String) {
    #expect(throws: failure("batch.option")) { try options("{\(member)}") }
  }

  @Test("Pictures take no options of videos")
  func pictures() throws {
    let item = try JSONValue(
      parsing: "{\"image\": \"a.png\", \"auto\": {}, \"stop_after\": 2}")
    #expect(throws: failure("batch.option")) {
      try BatchItem(id: "a", json: item, folder: ".")
    }
  }
}
