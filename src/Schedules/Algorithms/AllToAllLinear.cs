namespace BoxerMpi.Schedules;

/// <summary>Everybody exchanges with everybody, rotated so that nobody is everybody's first, a window of peers at a time.</summary>
/// <remarks>
/// P−1 messages a rank, no block travels twice: best for all but short blocks. The window keeps many senders from flooding one
/// receiver; MPICH's "scattered" with its throttle of 32.
/// </remarks>
internal static class AllToAllLinear
{
    public static Schedule Build(in CollectiveCall call) => Build(call, call.Window);

    public static Schedule Build(in CollectiveCall call, int window)
    {
        ScheduleBuilder schedule = new(call);
        schedule.Copy(call.SendBlock(call.Rank), call.ReceiveBlock(call.Rank));
        for (int first = 1; first < call.Size; first += window)
        {
            int until = Math.Min(first + window, call.Size);
            for (int distance = first; distance < until; distance++)
            {
                int source = (call.Rank - distance + call.Size) % call.Size;
                int destination = (call.Rank + distance) % call.Size;
                schedule.Receive(from: source, call.ReceiveBlock(source)).Send(to: destination, call.SendBlock(destination));
            }

            schedule.EndRound();
        }

        return schedule.Build();
    }
}
