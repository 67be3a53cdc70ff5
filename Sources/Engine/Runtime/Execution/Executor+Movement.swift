internal import Graph

// Operators that only move elements.

extension Executor {
  /// Repeats axes of size 1.
  func `repeat`(_ step: Step, _ loop: BroadcastLoop) {
    let (source, output) = (pointer(step.operands[0]), target(step))
    let grain = max(1, Self.elementGrain / max(1, loop.innerCount))
    forRows(loop.outerCount, grain: grain) { range, _ in
      for outer in range {
        let from = source + loop.offsets(outer).a
        let to = output + outer * loop.innerCount
        if loop.inner == .scalarA {
          to.update(repeating: from[0], count: loop.innerCount)
        } else {
          to.update(from: from, count: loop.innerCount)
        }
      }
    }
  }

  /// `moved`: distance between elements of the source, by axis of the result.
  func transpose(_ step: Step, strides moved: [Int]) {
    let y = step.result.shape
    let (source, output) = (pointer(step.operands[0]), target(step))
    let (columns, columnStride) = (y.last ?? 1, moved.last ?? 1)
    let grain = max(1, Self.elementGrain / max(1, columns))
    forRows(step.result.rows, grain: grain) { range, _ in
      for row in range {
        var (rest, offset) = (row, 0)
        for axis in stride(from: y.count - 2, through: 0, by: -1) {
          offset += rest % y[axis] * moved[axis]
          rest /= y[axis]
        }
        let to = output + row * columns
        for column in 0..<columns { to[column] = source[offset &+ column &* columnStride] }
      }
    }
  }

  func concat(_ step: Step, _ axis: Int) {
    let output = target(step)
    let run = step.result.shape[axis...].reduce(1, *)
    var start = 0
    for operand in step.operands {
      let source = pointer(operand)
      let part = operand.shape[axis...].reduce(1, *)
      for outer in 0..<operand.shape[..<axis].reduce(1, *) {
        (output + outer * run + start).update(from: source + outer * part, count: part)
      }
      start += part
    }
  }

  func slice(_ step: Step, _ axis: Int, _ start: Int) {
    let operand = step.operands[0]
    let (source, output) = (pointer(operand), target(step))
    let inner = operand.shape[(axis + 1)...].reduce(1, *)
    let (from, to) = (operand.shape[axis] * inner, step.result.shape[axis] * inner)
    let grain = max(1, Self.elementGrain / max(1, to))
    forRows(operand.shape[..<axis].reduce(1, *), grain: grain) { range, _ in
      for outer in range {
        (output + outer * to).update(from: source + outer * from + start * inner, count: to)
      }
    }
  }

  /// Indices outside the table are clamped: the graph's callers check them before.
  func gather(_ step: Step) {
    let table = step.operands[0]
    let (source, output) = (pointer(table), target(step))
    let indices = integers(step.operands[1])
    for position in 0..<step.operands[1].elementCount {
      let row = min(table.shape[0] - 1, max(0, Int(indices[position])))
      (output + position * table.columns).update(
        from: source + row * table.columns, count: table.columns)
    }
  }
}
