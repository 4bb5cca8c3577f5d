namespace BoxerMpi.Schedules;

/// <summary>One round in which every rank sends a region to each of its destinations and receives one from each of its sources.</summary>
internal static class NeighbourSteps
{
    public static Schedule Exchange(in CollectiveCall call, Func<int, Region> outgoing)
    {
        ScheduleBuilder schedule = new(call);

        // Who asks only for links or costs of the collective has no neighbours to tell.
        if (call.Neighbours is not { } neighbours)
            return schedule.Build();
        (int[] sources, int[] destinations, int[] order) = neighbours;
        Queue<Region> toSelf = [];
        for (int i = 0; i < destinations.Length; i++)
        {
            if (destinations[i] == call.Rank)
                toSelf.Enqueue(outgoing(i));
            else if (destinations[i] >= 0)
                schedule.Send(to: destinations[i], outgoing(i));
        }

        foreach (int block in order)
        {
            if (sources[block] == call.Rank)
                schedule.Copy(toSelf.Dequeue(), call.ReceiveBlock(block));
            else if (sources[block] >= 0)
                schedule.Receive(from: sources[block], call.ReceiveBlock(block));
        }

        return schedule.Build();
    }
}
