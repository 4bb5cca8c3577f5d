using System.Diagnostics;
using System.Runtime.CompilerServices;
using BoxerMpi;

namespace HashJoin;

/// <summary>Brings rows to the ranks that own their keys, by either exchange.</summary>
internal sealed class Shuffle(Communicator world, ExchangeKind kind, PhaseClock clock)
{
    /// <summary>Bytes of rows that this rank sent to others.</summary>
    public long SentBytes { get; private set; }

    /// <summary>Sends each row to its owner and hands over the rows that this rank owns, in pieces.</summary>
    public async Task RunAsync<T>(T[] rows, Func<T, int> ownerOf, Action<ReadOnlyMemory<T>> onArrival, CancellationToken cancellationToken)
        where T : unmanaged
    {
        double joinedBefore = clock[Phase.Join];
        long start = Stopwatch.GetTimestamp();
        if (kind == ExchangeKind.Streaming)
        {
            // Partitioning, sending, receiving and joining overlap: nothing is held but the blocks on their way.
            ShuffleCounts counts = await world.ShuffleAsync<T>(
                rows, ownerOf, (_, arrived) => clock.Measure(Phase.Join, () => onArrival(arrived)), cancellationToken: cancellationToken);
            SentBytes += counts.SentBytes;
        }
        else
        {
            ReadOnlyMemory<T>[] parts = Owner.Partition(rows, ownerOf, world.Size);
            clock[Phase.Partition] += Stopwatch.GetElapsedTime(start).TotalSeconds;
            SentBytes += (long)(rows.Length - parts[world.Rank].Length) * Unsafe.SizeOf<T>();

            start = Stopwatch.GetTimestamp();
            using Exchanged<T> arrived = await world.ExchangeAsync(parts, cancellationToken);
            clock.Measure(Phase.Join, () => onArrival(arrived.All));
        }

        double joined = clock[Phase.Join] - joinedBefore;
        clock[Phase.Exchange] += Math.Max(0, Stopwatch.GetElapsedTime(start).TotalSeconds - joined);
    }
}
