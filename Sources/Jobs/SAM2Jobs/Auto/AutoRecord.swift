public import Annotations
public import JSON
import Media
public import SAM2

// A mask as the official generator and its script describe it, using their names.

extension AutomaticMask {
  /// [x, y, width, height], where width and height are the distances to the last pixels inside.
  private var officialBox: [Int] {
    [box.left, box.top, box.right - box.left, box.bottom - box.top]
  }

  private var officialCrop: [Int] { [crop.left, crop.top, crop.width, crop.height] }

  /// All members except the mask itself.
  var facts: [(key: String, value: JSONValue)] {
    [
      ("area", .init(area)), ("bbox", .array(officialBox.map { .init($0) })),
      ("predicted_iou", .init(predictedIoU)),
      ("point_coords", [[.init(point.x), .init(point.y)]]),
      ("stability_score", .init(stabilityScore)),
      ("crop_box", .array(officialCrop.map { .init($0) })),
    ]
  }

  /// The record, including the mask as "segmentation".
  public func record(compressed: Bool) -> JSONValue {
    let counts: JSONValue =
      compressed ? .string(runs.cocoCounts) : .array(runs.counts.map { .init($0) })
    let segmentation: JSONValue = [
      "size": [.init(runs.height), .init(runs.width)], "counts": counts,
    ]
    return .object([("segmentation", segmentation)] + facts)
  }

  /// The first line of the table.
  fileprivate static let tableHeader =
    "id,area,bbox_x0,bbox_y0,bbox_w,bbox_h,point_input_x,point_input_y,predicted_iou,"
    + "stability_score,crop_box_x0,crop_box_y0,crop_box_w,crop_box_h"

  /// The table row for mask number `id`.
  fileprivate func tableRow(id: Int) -> String {
    let scores = [point.x, point.y, predictedIoU, stabilityScore].map { "\(Double($0))" }
    let columns =
      ["\(id)", "\(area)"] + officialBox.map(String.init) + scores + officialCrop.map(String.init)
    return columns.joined(separator: ",")
  }
}

extension [AutomaticMask] {
  /// The table, as written by the official script.
  var table: String {
    let rows = enumerated().map { $1.tableRow(id: $0) }
    return ([AutomaticMask.tableHeader] + rows).joined(separator: "\n") + "\n"
  }

  /// The masks, numbered from 1 in the generator's order.
  public var annotated: [AnnotatedMask] {
    enumerated().map { id, mask in
      AnnotatedMask(object: id + 1, score: Double(mask.predictedIoU), mask: mask.runs.mask)
    }
  }
}
