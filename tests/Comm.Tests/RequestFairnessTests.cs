using BoxerMpi.Internal;

namespace BoxerMpi.Tests;

/// <summary>Among requests that have ended, none is put off for ever.</summary>
public sealed class RequestFairnessTests
{
    private const int Messages = 3_000;

    [Theory]
    [InlineData(LocalTransport.Memory, 3)]
    [InlineData(LocalTransport.Memory, 7)]
    [InlineData(LocalTransport.Tcp, 3)]
    [InlineData(LocalTransport.Tcp, 7)]
    public Task Every_one_of_several_flooding_senders_is_served(LocalTransport transport, int senders)
    {
        // Before the first receive each sender has more under way than is taken in all, so that nobody is served for want of others.
        CountdownEvent flooded = new(senders);
        return LocalCluster.RunAsync(senders + 1, world =>
        {
            if (world.Rank > 0)
            {
                for (int i = 0; i < Messages; i++)
                    world.Send(i, 0);
                world.DriveUntil(() => !world.Messenger.Engine.HasCollectedOutput);
                flooded.Signal();
                return;
            }

            Assert.True(flooded.Wait(Ranks.Patience));
            int[][] buffers = [.. Enumerable.Range(0, senders).Select(_ => new int[1])];
            int[] served = new int[senders];
            Request[] receives = [.. buffers.Select((buffer, i) => world.StartReceive<int>(buffer, i + 1, 0))];
            for (int i = 0; i < Messages; i++)
            {
                (int index, Status status) = Request.WaitAny(receives);
                Assert.Equal((index + 1, served[index]), (status.Source, buffers[index][0]));
                served[index]++;
                receives[index] = world.StartReceive<int>(buffers[index], index + 1, 0);
            }

            Assert.All(served, count => Assert.InRange(count, 150, Messages));
            foreach (Request rest in receives)
                rest.Cancel();
        }, Ranks.Over(transport));
    }
}
