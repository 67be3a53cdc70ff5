public import Bytes
internal import JSON
internal import Media

/// SA-V's masklets: all masks of a video in `VIDEO_manual.json`.
///
/// `masklet[frame][object]` is a COCO run-length mask. Every frame of the video has an entry, empty
/// where nothing was found or the frame was not searched; the data set itself has one for every
/// fourth frame. Numbers that are `float64` there are written with a fraction.
public struct SAVMasklets: AnnotationFormat {
  private let context: AnnotationContext

  /// `context.video` describes the video.
  public init(context: AnnotationContext) { self.context = context }

  public func files(ofAll pictures: [AnnotatedPicture]) throws(Failure) -> [AnnotationFile] {
    guard let video = context.video else {
      throw Failure(.internalError, code: "annotations.video", "SA-V masklets need a video")
    }
    let objects = Set(pictures.flatMap { $0.masks.map(\.object) }).sorted()
    var masks = [[AnnotatedMask?]](
      repeating: [AnnotatedMask?](repeating: nil, count: video.frameCount), count: objects.count)
    for picture in pictures where masks.first?.indices.contains(picture.index) ?? false {
      for mask in picture.masks {
        guard let place = objects.firstIndex(of: mask.object) else { continue }
        masks[place][picture.index] = mask
      }
    }
    let text = json(video, objects, masks).text() + "\n"
    return [AnnotationFile(name: "\(video.identifier)_manual.json", text: text)]
  }

  private func json(
    _ video: VideoFacts, _ objects: [Int], _ masks: [[AnnotatedMask?]]
  ) -> JSONValue {
    let resolution = Double(video.width * video.height)
    let sizes = masks.map(SAVMasklets.meanArea)
    let empty = AnnotatedMask(
      object: 0, score: nil, mask: BinaryMask(width: video.width, height: video.height))
    let visible = masks.map { $0.map { !($0?.isEmpty ?? true) } }
    return [
      "video_id": .init(video.identifier), "video_duration": .init(video.duration),
      "video_frame_count": .init(Double(video.frameCount)),
      "video_height": .init(Double(video.height)), "video_width": .init(Double(video.width)),
      "video_resolution": .init(resolution),
      "masklet": .array(
        (0..<video.frameCount).map { frame in .array(masks.map { runs($0[frame], empty) }) }),
      "masklet_id": .array(objects.map { .init($0) }),
      "masklet_size_rel": .array(sizes.map { .init($0 / resolution) }),
      "masklet_size_abs": .array(sizes.map { .init($0) }),
      "masklet_size_bucket": .array(sizes.map { .init(SAVMasklets.bucket($0)) }),
      "masklet_visibility_changes": .array(visible.map { .init(SAVMasklets.changes($0)) }),
      "masklet_first_appeared_frame": .array(
        visible.map { .init(Double($0.firstIndex(of: true) ?? 0)) }),
      "masklet_frame_count": .array(objects.map { _ in .init(video.frameCount) }),
      "masklet_edited_frame_count": .array(objects.map { _ in 0 }),
      "masklet_type": .array(objects.map { _ in "manual" }),
      "masklet_stability_score": .array(objects.map { _ in .null }),
      "masklet_num": .init(objects.count),
    ]
  }

  private func runs(_ mask: AnnotatedMask?, _ empty: AnnotatedMask) -> JSONValue {
    [
      "size": [.init(empty.height), .init(empty.width)],
      "counts": .init((mask ?? empty).cocoCounts),
    ]
  }

  // MARK: - Statistics, as the data set defines them

  /// Mean area over the frames where the object is visible.
  private static func meanArea(_ masks: [AnnotatedMask?]) -> Double {
    let areas = masks.compactMap { $0.flatMap { $0.isEmpty ? nil : Double($0.area) } }
    return areas.isEmpty ? 0 : areas.reduce(0, +) / Double(areas.count)
  }

  private static func bucket(_ area: Double) -> String {
    area < 32 * 32 ? "small" : area < 96 * 96 ? "medium" : "large"
  }

  /// The number of times the object disappears or reappears after its first appearance.
  private static func changes(_ visible: [Bool]) -> Int {
    let seen = visible.drop { !$0 }
    return zip(seen, seen.dropFirst()).count { $0 != $1 }
  }
}
