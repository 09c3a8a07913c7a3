import CorpusKit

extension BatchChannel {
    /// Takes the next rows from the line, as many as the budget holds.
    ///
    /// When it holds none of them at present, the first one waits for its share.
    func takeAffordable() async -> [BatchRow] {
        let candidates = rows.take()
        var taken: [BatchRow] = []
        var left: [BatchRow] = []
        var full: Set<String> = []
        for (index, candidate) in candidates.enumerated() {
            var row = candidate
            if full.contains(row.role) {
                left.append(row)
                continue
            }
            if lane.shared.budget.reserveNow(row.parcel.worstCase, for: row.role) {
                row.isReserved = true
                taken.append(row)
                continue
            }
            guard taken.isEmpty else {
                full.insert(row.role)
                left.append(row)
                continue
            }
            do {
                try await lane.shared.budget.reserve(row.parcel.worstCase, for: row.role)
            } catch {
                rows.finish([(row.key, .failure(error))])
                rows.putBack(Array(candidates[(index + 1)...]))
                break
            }
            row.isReserved = true
            taken.append(row)
        }
        rows.putBack(left)
        return taken
    }

    /// Reserves what a row under way may take; one that does not fit any more is booked all the same.
    func reserved(_ row: BatchRow) -> BatchRow {
        var row = row
        row.isReserved = lane.shared.budget.reserveNow(row.parcel.worstCase, for: row.role)
        return row
    }

    /// Gives the reservations of a batch back and books what was really taken.
    ///
    /// In one step for each role, so that whoever waits for a share finds all of it.
    func settle(_ batch: RunningBatch, used: [Amounts] = []) {
        var sums: [String: (worst: Amounts, used: Amounts)] = [:]
        for (index, row) in batch.rows.enumerated() {
            var sum = sums[row.role] ?? (Amounts(), Amounts())
            if row.isReserved { sum.worst = sum.worst + row.parcel.worstCase }
            if used.indices.contains(index) { sum.used = sum.used + used[index] }
            sums[row.role] = sum
        }
        for (role, sum) in sums.sorted(by: { $0.key < $1.key }) {
            lane.shared.budget.settle(sum.worst, used: sum.used, for: role)
        }
    }
}
