namespace BoxerMpi.Schedules;

/// <summary>Chunks go round the ring twice: first they collect everybody's part, then the results are passed on.</summary>
/// <remarks>2(P−1) rounds of n/P bytes to the next rank only: for very long vectors and for rings. For operations that commute.</remarks>
internal static class AllReduceRing
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        int size = call.Size;
        int next = (call.Rank + 1) % size;
        int previous = (call.Rank - 1 + size) % size;
        Region vector = Region.UserReceive(0, call.Bytes);
        Chunks chunks = new(call.Bytes, call.ElementSize, size);
        schedule.Copy(call.Own, vector).EndRound();

        Region arrival = schedule.Scratch(chunks.Length(0));
        for (int step = 0; step < size - 1; step++)
        {
            Region folded = chunks.Of(vector, (call.Rank - step - 1 + size) % size);
            Region part = arrival.Slice(0, folded.Length);
            schedule
                .Receive(from: previous, part)
                .Send(to: next, chunks.Of(vector, (call.Rank - step + size) % size))
                .Reduce(folded, part)
                .EndRound();
        }

        for (int step = 0; step < size - 1; step++)
        {
            schedule
                .Receive(from: previous, chunks.Of(vector, (call.Rank - step + size) % size))
                .Send(to: next, chunks.Of(vector, (call.Rank - step + 1 + size) % size))
                .EndRound();
        }

        return schedule.Build();
    }
}
