import Bytes
import CLISupport
import JobSupport
import Media
import SAM2
import SAM2Jobs
import Workbench

/// The pictures of a command that are shown once all are done.
struct PictureShow {
  private let place: ShowPlace?
  private let page: ResultPage
  /// The folder of the results.
  private let folder: String
  private var pictures: [ShownPicture] = []
  private var overlays: [String] = []

  /// Shows nothing if `place` is nil.
  init(_ place: ShowPlace?, page: ResultPage, folder: String) {
    (self.place, self.page, self.folder) = (place, page, folder)
  }

  mutating func add(
    _ path: String, overlay: String?, _ objects: @autoclosure () -> [ObjectRecord]
  ) {
    guard let place else { return }
    if place.needsMasks { pictures.append(ShownPicture(path: path, objects: objects())) }
    if let overlay { overlays.append(overlay) }
  }

  /// Opens the single picture with masks, or the folder if there are several; a page shows all of
  /// them.
  /// - Throws: `show.viewer`; any error from the page.
  func show() throws {
    switch place {
    case nil: return
    case .viewer(let viewer):
      guard let first = overlays.first else { return }
      try viewer.open(overlays.count == 1 ? first : folder)
    case .page:
      guard !pictures.isEmpty else { return }
      if pictures.count > page.limit {
        Console.error("the page shows the first \(page.limit) of \(pictures.count) pictures")
      }
      try page.show(pictures)
    }
  }
}

extension SegmentResult {
  /// The objects that a page shows: the first mask of each prompt.
  var objects: [ObjectRecord] {
    ObjectRecord.numbered(answers.count) { index, number in
      let answer = answers[index]
      return ObjectRecord(
        id: number, name: answer.prompt.label ?? "",
        counts: RunLengthMask(answer.masks[0]).cocoCounts, score: Double(answer.predictedIoUs[0]),
        points: answer.prompt.points, box: answer.prompt.box)
    }
  }
}

extension AutoResult {
  /// The objects that a page shows.
  var objects: [ObjectRecord] {
    ObjectRecord.numbered(masks.count) { index, number in
      ObjectRecord(
        id: number, name: "", counts: masks[index].runs.cocoCounts,
        score: Double(masks[index].predictedIoU), points: [], box: nil)
    }
  }
}

extension ObjectRecord {
  /// The first of `count` objects, limited to the numbers that a page has.
  fileprivate static func numbered(
    _ count: Int, _ make: (_ index: Int, _ number: Int) -> ObjectRecord
  ) -> [ObjectRecord] {
    let limit = WorkLimits().objects
    if count > limit {
      Console.error("the page shows the first \(limit) of \(count) objects of a picture")
    }
    return (0..<min(count, limit)).map { make($0, $0 + 1) }
  }
}
