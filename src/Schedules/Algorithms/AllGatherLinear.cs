namespace BoxerMpi.Schedules;

/// <summary>Everybody sends its block straight to everybody: P−1 messages a rank, no block travels twice.</summary>
/// <remarks>Best for up to four ranks.</remarks>
internal static class AllGatherLinear
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        schedule.Copy(call.Own, call.ReceiveBlock(call.Rank));
        for (int first = 1; first < call.Size; first += call.Window)
        {
            int until = Math.Min(first + call.Window, call.Size);
            for (int distance = first; distance < until; distance++)
            {
                int source = (call.Rank - distance + call.Size) % call.Size;
                schedule.Receive(from: source, call.ReceiveBlock(source)).Send(to: (call.Rank + distance) % call.Size, call.Own);
            }

            schedule.EndRound();
        }

        return schedule.Build();
    }
}
