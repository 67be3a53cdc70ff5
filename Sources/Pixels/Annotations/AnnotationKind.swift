/// The formats, under the names that commands use.
public enum AnnotationKind: String, CaseIterable, Sendable {
  /// Black-and-white PNGs, one for each mask.
  case png
  /// Palette PNGs with object numbers.
  case davis
  /// SA-V's PNGs, one for each object and frame, with values 0 and 1.
  case sav
  /// SA-V's masklets: all frames of a video in one JSON file.
  case savJSON = "sav-json"
  /// COCO instances with run lengths.
  case coco
  /// COCO instances with polygons.
  case cocoPolygons = "coco-polygons"
  /// Polygons in the form that Ultralytics' YOLO trains on.
  case yolo
  /// Label Studio tasks with brush masks.
  case labelStudio = "label-studio"
  /// CVAT for images 1.1.
  case cvat

  /// Whether each object can have only one mask, with no alternative candidates.
  public var holdsOneMaskAnObject: Bool { self != .png }

  /// Whether objects must have numbers from 1 to 255.
  public var needsSmallNumbers: Bool { self == .davis }

  /// Whether there are files about all pictures together.
  public var describesAll: Bool {
    switch self {
    case .png, .davis, .sav: false
    case .savJSON, .coco, .cocoPolygons, .yolo, .labelStudio, .cvat: true
    }
  }

  /// The format itself.
  public func format(_ context: AnnotationContext) -> any AnnotationFormat {
    switch self {
    case .png: PlainMasks()
    case .davis: DAVISLabels()
    case .sav: SAVMasks()
    case .savJSON: SAVMasklets(context: context)
    case .coco: COCOInstances(context: context, shape: .runLengths)
    case .cocoPolygons: COCOInstances(context: context, shape: .polygons)
    case .yolo: YOLOSegments(context: context)
    case .labelStudio: LabelStudioBrush(context: context)
    case .cvat: CVATMasks(context: context)
    }
  }
}
