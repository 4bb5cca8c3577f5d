namespace BoxerMpi.Schedules.Tests;

/// <summary>The schedules of all ranks with one thing broken.</summary>
/// <param name="What">What is broken, and where.</param>
/// <param name="Schedules">The schedules.</param>
internal sealed record Mutation(string What, Schedule[] Schedules)
{
    /// <summary>
    /// Every step of every rank left out; every message left out at both ends, turned to another rank at either, and cut short.
    /// </summary>
    public static IEnumerable<Mutation> Of(Schedule[] schedules)
    {
        for (int rank = 0; rank < schedules.Length; rank++)
        {
            (int culprit, Schedule schedule) = (rank, schedules[rank]);
            for (int at = 0; at < schedule.Steps.Length; at++)
            {
                Step step = schedule.Steps[at];
                string what = $"rank {rank}, step {at}, {step.Kind}{(step.Peer < 0 ? "" : $" with {step.Peer}")}";
                yield return new($"{what}: left out", Broken(Without(schedule, at)));
                if (step.Peer < 0)
                    continue;
                if (OtherPeer(step.Peer, rank, schedules.Length) is { } other)
                    yield return new($"{what}: with {other} instead", Broken(Changed(schedule, at, step with { Peer = other })));
                if (step.Kind == StepKind.Send)
                {
                    Schedule[] changed = Broken(Without(schedule, at));
                    changed[step.Peer] = Without(schedules[step.Peer], OtherEnd(schedule, at, schedules[step.Peer]));
                    yield return new($"{what}: left out at both ends", changed);
                }
                else if (step.Target.Length > 1)
                {
                    Region shorter = step.Target with { Length = step.Target.Length - 1 };
                    yield return new($"{what}: a byte shorter", Broken(Changed(schedule, at, step with { Target = shorter })));
                }
            }

            Schedule[] Broken(Schedule changed) => [.. schedules[..culprit], changed, .. schedules[(culprit + 1)..]];
        }
    }

    public override string ToString() => What;

    private static int? OtherPeer(int peer, int rank, int size)
    {
        for (int step = 1; step < size; step++)
        {
            int other = (peer + step) % size;
            if (other != rank)
                return other;
        }

        return null;
    }

    /// <summary>Messages between two ranks match in order: the receive of a send has as many before it from the same rank.</summary>
    private static int OtherEnd(Schedule sender, int at, Schedule receiver)
    {
        int before = 0;
        foreach (Step step in sender.Steps[..at])
        {
            if (step.Kind == StepKind.Send && step.Peer == receiver.Rank)
                before++;
        }

        for (int i = 0; i < receiver.Steps.Length; i++)
        {
            if (receiver.Steps[i].Kind == StepKind.Receive && receiver.Steps[i].Peer == sender.Rank && before-- == 0)
                return i;
        }

        throw new ScheduleException($"Rank {receiver.Rank} has no receive for step {at} of rank {sender.Rank}.");
    }

    private static Schedule Changed(Schedule schedule, int at, Step step)
    {
        Step[] steps = schedule.Steps.ToArray();
        steps[at] = step;
        return new(schedule.Rank, schedule.Size, steps, schedule.Rounds.ToArray(), schedule.ScratchBytes);
    }

    private static Schedule Without(Schedule schedule, int at)
    {
        List<Step> steps = [.. schedule.Steps];
        StepKind kind = steps[at].Kind;
        steps.RemoveAt(at);
        Round[] rounds = schedule.Rounds.ToArray();
        for (int i = 0; i < rounds.Length; i++)
        {
            Round round = rounds[i];
            if (round.First > at)
                rounds[i] = round with { First = round.First - 1 };
            else if (at < round.First + round.Posts + round.Locals)
            {
                rounds[i] = kind switch
                {
                    StepKind.Receive => round with { Receives = round.Receives - 1 },
                    StepKind.Send => round with { Sends = round.Sends - 1 },
                    _ => round with { Locals = round.Locals - 1 },
                };
            }
        }

        return new(schedule.Rank, schedule.Size, [.. steps], rounds, schedule.ScratchBytes);
    }
}
