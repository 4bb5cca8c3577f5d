using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using BoxerMpi.Internal;
using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives;

// The debug check: before a collective, ranks compare what they call.
internal sealed partial class CollectiveEngine
{
    private const int HistoryLength = 16;

    // Commutes as far as it matters: whichever two ranks it picks, they differ.
    private static readonly ReduceOp<Report> Compare = ReduceOp.FromKernel<Report>(Report.Merge, commutative: true);

    private readonly (long Number, CheckedCall Call)[] _history = new (long, CheckedCall)[HistoryLength];
    private Schedule? _checkSchedule;
    private long _calls;

    /// <summary>This rank's last collectives that were checked, newest last.</summary>
    public IReadOnlyList<string> History()
    {
        lock (_gate)
        {
            List<string> lines = [];
            for (long call = Math.Max(0, _calls - HistoryLength); call < _calls; call++)
            {
                (long number, CheckedCall called) = _history[call % HistoryLength];
                lines.Add($"#{number} {Describe(called)}");
            }

            return lines;
        }
    }

    /// <summary>What a call is, as far as it must be the same on all ranks.</summary>
    private static string Describe(in CheckedCall call)
    {
        (PlanKey key, ReduceOp? op, Type? type, string? whole) = call;
        if (key.Collective == Collective.Barrier)
            return nameof(Collective.Barrier);

        // Short for what all know; for other types all of it, since two may have one name.
        string elements = type is null ? nameof(Byte) : type.IsPrimitive ? type.Name : type.ToString();
        string count = key.Collective switch
        {
            // Counts of these forms differ by rank.
            Collective.GatherV or Collective.ScatterV or Collective.AllToAllV or Collective.NeighbourAllGatherV
                or Collective.NeighbourAllToAllV => "",
            Collective.AllGatherV => $"{key.ReceiveLayout!.Total} ",
            Collective.ReduceScatter => $"{key.SendLayout!.Total} ",
            _ => $"{key.Bytes / key.ElementSize} ",
        };
        string root = key.Collective is Collective.Broadcast or Collective.Reduce or Collective.Gather or Collective.GatherV
            or Collective.Scatter or Collective.ScatterV ? $", root {key.Root}" : "";
        string operation = op is null ? "" : $", {op.Name}{(op.IsCommutative ? "" : " in rank order")}";
        string within = whole is null ? "" : $", in {whole}";
        return $"{key.Collective} of {count}{elements}{root}{operation}{within}";
    }

    /// <summary>What this rank reports of a call.</summary>
    private Report ReportOf(in CheckedCall call)
    {
        PlanKey key = call.Key;
        string text = Describe(call);
        if (key.Collective is not (Collective.NeighbourAllGather or Collective.NeighbourAllToAll))
            return new(_communicator.Rank, text);

        // A rank without neighbours exchanges nothing: its buffers are empty, or as long as they happen to be.
        Neighbourhood neighbours = ((NeighbourCommunicator)_communicator).Neighbourhood;
        bool isAlone = !neighbours.Sources.Concat(neighbours.Destinations).Any(rank => rank >= 0);
        return new(_communicator.Rank, text, Describe(call with { Key = new(key.Collective, 0, key.ElementSize) }), isAlone);
    }

    private void Remember(CollectiveNumber number, in CheckedCall call)
    {
        lock (_gate)
            _history[_calls++ % HistoryLength] = (number.Call, call);
    }

    private unsafe void Check(CollectiveNumber number, in CheckedCall call)
    {
        Report report = ReportOf(call);
        _runner.Run(CheckSchedule(), nameof(Check), number, (nint)(&report), (nint)(&report), Compare);
        Judge(report, number.Call, call);
    }

    private async ValueTask CheckAsync(CollectiveNumber number, CheckedCall call, CancellationToken cancellationToken)
    {
        nint buffer = ScratchMemory.Rent(Unsafe.SizeOf<Report>());
        try
        {
            Write(buffer, ReportOf(call));
            await _runner.RunAsync(
                CheckSchedule(), nameof(Check), number, buffer, buffer, Compare, cancellationToken).ConfigureAwait(false);
            Judge(Read(buffer), number.Call, call);
        }
        finally
        {
            ScratchMemory.Return(buffer, Unsafe.SizeOf<Report>());
        }

        static unsafe void Write(nint buffer, Report report) => *(Report*)buffer = report;

        static unsafe Report Read(nint buffer) => *(Report*)buffer;
    }

    /// <summary>Reports go up a spanning tree of the topology, and what they came to goes down: the same on every rank.</summary>
    private Schedule CheckSchedule()
    {
        lock (_gate)
        {
            return _checkSchedule ??= TreeAlgorithms.AllReduceTree(
                _planner.CallOf(new(Collective.AllReduce, Unsafe.SizeOf<Report>(), Unsafe.SizeOf<Report>()) { InPlace = true }));
        }
    }

    private void Judge(in Report report, long sequence, in CheckedCall call)
    {
        if (!report.IsMismatch)
            return;

        string mine = Describe(call);
        Report copy = report;
        bool isFirst = Report.Shorten(mine) == copy.First;
        (int theirRank, string theirs) = isFirst ? (copy.SecondRank, copy.Second) : (copy.FirstRank, copy.First);
        IReadOnlyList<string> history = History();
        throw new CollectiveMismatchException(
            $"Ranks of \"{_communicator.Name}\" call different collectives (check #{sequence}): rank {_communicator.Rank} calls {mine}, " +
            $"rank {theirRank} calls {theirs}. Last calls of rank {_communicator.Rank}: {string.Join("; ", history)}.")
        {
            Rank = _communicator.ToWorldRank(_communicator.Rank),
            Operation = mine,
            Communicator = _communicator.Name,
            Sequence = sequence,
            Mine = mine,
            Theirs = theirs,
            TheirRank = theirRank,
            History = history,
        };
    }

    /// <summary>A call that ranks compare.</summary>
    /// <param name="Key">The collective and what is given to it.</param>
    /// <param name="Op">What folds, if anything does.</param>
    /// <param name="Type">The type of the elements.</param>
    /// <param name="Whole">The call of several steps that it belongs to, or null.</param>
    private readonly record struct CheckedCall(PlanKey Key, ReduceOp? Op, Type? Type, string? Whole);

    /// <summary>What one rank calls, or what two ranks call that differs.</summary>
    private unsafe struct Report
    {
        private const int TextBytes = 118;

        private readonly int _firstRank;
        private readonly ulong _kind;
        private readonly bool _anyCount;
        private int _secondRank;
        private fixed byte _first[TextBytes + 2];
        private fixed byte _second[TextBytes + 2];

        /// <param name="rank">Who calls.</param>
        /// <param name="text">What.</param>
        /// <param name="kind">The same for calls that differ in the count alone; needed where one rank's count is of no account.</param>
        /// <param name="anyCount">Whether this rank's is.</param>
        public Report(int rank, string text, string kind = "", bool anyCount = false)
        {
            (_firstRank, _secondRank, _anyCount) = (rank, -1, anyCount);
            _kind = kind.Length == 0 ? 0 : XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(kind));
            fixed (byte* first = _first)
                Encoding.UTF8.GetBytes(Shorten(text), new Span<byte>(first, TextBytes));
        }

        public readonly bool IsMismatch => _secondRank >= 0;

        public readonly int FirstRank => _firstRank;

        public readonly int SecondRank => _secondRank;

        public string First
        {
            get
            {
                fixed (byte* text = _first)
                    return Marshal.PtrToStringUTF8((nint)text)!;
            }
        }

        public string Second
        {
            get
            {
                fixed (byte* text = _second)
                    return Marshal.PtrToStringUTF8((nint)text)!;
            }
        }

        /// <summary>
        /// What fits into a report; of a longer text the beginning and a hash, so that what differs behind it still differs.
        /// </summary>
        public static string Shorten(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            if (bytes.Length <= TextBytes)
                return text;
            string end = $"… ({XxHash32.HashToUInt32(bytes):x8})";
            int room = TextBytes - Encoding.UTF8.GetByteCount(end);
            int length = Math.Min(text.Length, room);
            while (Encoding.UTF8.GetByteCount(text.AsSpan(0, length)) > room || char.IsHighSurrogate(text[length - 1]))
                length--;
            return text[..length] + end;
        }

        public static void Merge(Span<Report> accumulator, ReadOnlySpan<Report> later)
        {
            for (int i = 0; i < accumulator.Length; i++)
            {
                ref Report mine = ref accumulator[i];
                Report theirs = later[i];
                if (mine.IsMismatch)
                    continue;
                if (theirs.IsMismatch)
                {
                    mine = theirs;
                }
                else if (mine._kind != 0 && mine._kind == theirs._kind && (mine._anyCount || theirs._anyCount))
                {
                    if (mine._anyCount)
                        mine = theirs;
                }
                else if (mine.First != theirs.First)
                {
                    mine._secondRank = theirs._firstRank;
                    for (int b = 0; b < TextBytes; b++)
                        mine._second[b] = theirs._first[b];
                }
            }
        }
    }
}
