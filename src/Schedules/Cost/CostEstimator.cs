namespace BoxerMpi.Schedules;

/// <summary>Tells what a collective takes with an algorithm: its schedules times a link model.</summary>
/// <remarks>
/// <para>Small collectives are simulated with all ranks. Where that would be more than <see cref="MostSimulatedMessages"/> messages, the
/// time is counted from the schedules of a few ranks, as if every message's other end kept step: right for exchanges in which all ranks
/// do alike, and those are the ones with many messages.</para>
/// <para>Only what all ranks know goes in, by sums and maxima in one order, so that all ranks come to the same bits.</para>
/// </remarks>
internal sealed class CostEstimator(Topology topology, LinkModel model, double ranksPerCore)
{
    /// <summary>A few hundred microseconds of work, the most that a first call may cost.</summary>
    private const int MostSimulatedMessages = 1024;

    private const int MostRepresentatives = 6;

    /// <summary>Cores that the ranks share; 0 when each has its own, or processors cost nothing in this model.</summary>
    private int Cores => ranksPerCore > 1 ? Math.Max(1, (int)Math.Round(topology.Size / ranksPerCore)) : 0;

    /// <summary>The cost of a call of this shape; its rank does not matter.</summary>
    public CostEstimate Estimate(CollectiveAlgorithm algorithm, in CollectiveCall shape)
    {
        CostEstimate cost = Estimate(algorithm.Build, shape);
        if (algorithm.BuildCounts is not { } buildCounts || shape.Size == 1)
            return cost;
        CostEstimate counts = Estimate(buildCounts, shape with { Bytes = sizeof(long) });
        return cost with
        {
            Seconds = cost.Seconds + counts.Seconds,
            Rounds = cost.Rounds + counts.Rounds,
            Messages = cost.Messages + counts.Messages,
            Bytes = cost.Bytes + counts.Bytes,
            CopiedBytes = cost.CopiedBytes + counts.CopiedBytes,
        };
    }

    private CostEstimate Estimate(ScheduleFunction build, in CollectiveCall shape)
    {
        Schedule?[] schedules = new Schedule?[shape.Size];
        bool isSimulated = TryBuildAll(build, shape, schedules);
        Schedule[] counted = schedules!;
        if (!isSimulated)
            counted = Representatives(build, shape, schedules);
        CostEstimate cost = new(0, 0, 0, 0, 0, 0, isSimulated);
        foreach (Schedule schedule in counted)
            cost = Busier(cost, schedule);
        return cost with
        {
            Seconds = isSimulated
                ? Simulator.Run(shape.Size, rank => counted[rank], model, new() { Cores = Cores }).Seconds
                : Counted(counted, shape.Size),
        };
    }

    /// <summary>Makes the schedules of all ranks; gives up when they have too many messages.</summary>
    private static bool TryBuildAll(ScheduleFunction build, in CollectiveCall shape, Schedule?[] schedules)
    {
        long messages = 0;
        for (int rank = 0; rank < shape.Size; rank++)
        {
            Schedule schedule = schedules[rank] = build(shape with { Rank = rank });
            messages += schedule.MessagesSent;
            if (messages > MostSimulatedMessages || (rank == 0 && AllAlike(schedule, shape.Size)))
                return false;
        }

        return true;
    }

    /// <summary>Whether one rank sends so much that all would be too many, and receives as much as it sends, as in an exchange of all.</summary>
    private static bool AllAlike(Schedule schedule, int size) =>
        schedule.MessagesSent == schedule.MessagesReceived && (long)schedule.MessagesSent * size > 2 * MostSimulatedMessages;

    /// <summary>The root, which often does the most, its neighbour by number, the last, and some between.</summary>
    private static Schedule[] Representatives(ScheduleFunction build, in CollectiveCall shape, Schedule?[] made)
    {
        int count = Math.Min(shape.Size, MostRepresentatives);
        Schedule[] schedules = new Schedule[count];
        for (int i = 0; i < count; i++)
        {
            int distance = count < MostRepresentatives || i < 2 ? i : (int)((long)(i - 1) * (shape.Size - 1) / (count - 2));
            int rank = (shape.Root + distance) % shape.Size;
            schedules[i] = made[rank] ?? build(shape with { Rank = rank });
        }

        return schedules;
    }

    private static CostEstimate Busier(in CostEstimate cost, Schedule schedule)
    {
        int rounds = 0;
        foreach (ref readonly Round round in schedule.Rounds)
            rounds += round.Posts > 0 ? 1 : 0;
        return cost with
        {
            Rounds = Math.Max(cost.Rounds, rounds),
            Messages = Math.Max(cost.Messages, schedule.MessagesSent),
            Bytes = Math.Max(cost.Bytes, schedule.BytesSent),
            ReducedBytes = Math.Max(cost.ReducedBytes, schedule.BytesReduced),
            CopiedBytes = Math.Max(cost.CopiedBytes, schedule.BytesCopied),
        };
    }

    /// <summary>The longest of some ranks, or the work of all over the cores that they share, whichever is more.</summary>
    private double Counted(Schedule[] schedules, int size)
    {
        double longest = 0;
        double work = 0;
        foreach (Schedule schedule in schedules)
        {
            (double seconds, double processor) = Counted(schedule);
            longest = Math.Max(longest, seconds);
            work += processor;
        }

        return Cores == 0 ? longest : Math.Max(longest, work / schedules.Length * size / Cores);
    }

    private (double Seconds, double Processor) Counted(Schedule schedule)
    {
        double ports = 0;
        double processor = 0;
        foreach (ref readonly Round round in schedule.Rounds)
        {
            double received = 0;
            double sent = 0;
            foreach (ref readonly Step step in schedule.Receives(round))
            {
                received += model.MessageSeconds + model.ByteSeconds * step.Target.Length;
                processor += model.ProcessorMessageSeconds + model.ProcessorByteSeconds * step.Target.Length;
            }

            foreach (ref readonly Step step in schedule.Sends(round))
            {
                sent += model.MessageSeconds + model.ByteSeconds * step.Source.Length;
                processor += model.ProcessorMessageSeconds + model.ProcessorByteSeconds * step.Source.Length;
            }

            foreach (ref readonly Step step in schedule.Locals(round))
                processor += RankProgram.LocalSeconds(step, model);
            if (round.Posts > 0)
            {
                ports += model.LatencySeconds + Math.Max(sent, received);
                processor += Cores > 0 ? model.SwitchSeconds * (ranksPerCore - 1) : 0;
            }
        }

        return (ports + processor, processor);
    }
}
