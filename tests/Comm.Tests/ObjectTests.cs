namespace BoxerMpi.Tests;

/// <summary>Objects that are received as something else, and something else that is received as objects.</summary>
public sealed class ObjectTests
{
    [Fact]
    public Task Numbers_received_as_an_object_are_an_error_and_nothing_else() =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            // The first is as a header of MemoryPack a length that makes it read far beyond its bytes.
            float[][] messages = [[-0.0f, -1f], [], [1f], [-1f, -1f, -1f, -1f], [.. Enumerable.Repeat(-0.0f, 20)]];
            foreach (float[] message in messages)
            {
                if (world.Rank == 0)
                {
                    for (int tag = 0; tag < 5; tag++)
                        world.Send<float>(message, 1, tag);
                    continue;
                }

                IsNoObject("List<Single>", () => world.ReceiveObject<List<float>>(0, 0));
                IsNoObject("Dictionary<String, Int32[]>", () => world.ReceiveObject<Dictionary<string, int[]>>(0, 1));
                IsNoObject("String", () => world.ReceiveObject<string>(0, 2));
                IsNoObject("Single[]", () => world.ReceiveObject<float[]>(0, 3));
                await Assert.ThrowsAsync<WireFormatException>(async () => await world.ReceiveObjectAsync<List<float>>(0, 4, token));
            }

            Assert.Equal(1 - world.Rank, Swap(world, world.Rank));
        });

    [Fact]
    public Task An_object_of_another_type_is_an_error_that_names_both() =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            if (world.Rank == 0)
            {
                world.SendObject("text", 1);
                await world.SendObjectAsync<List<int[]>>([], 1, 1, token);
                world.SendObject(DayOfWeek.Friday, 1);
                world.SendObject(Kind.Other, 1);
                return;
            }

            WireFormatException first = Assert.Throws<WireFormatException>(() => world.ReceiveObject<Dictionary<string, int>>(0, 0));
            Assert.Contains(
                "from rank 0 (tag 0) on \"world\" is a String, not a Dictionary<String, Int32>", first.Message, StringComparison.Ordinal);
            WireFormatException second = await Assert.ThrowsAsync<WireFormatException>(
                async () => await world.ReceiveObjectAsync<List<string>>(0, 1, token));
            Assert.Contains("is a List<Int32[]>, not a List<String>", second.Message, StringComparison.Ordinal);
            WireFormatException third = Assert.Throws<WireFormatException>(() => world.ReceiveObject<Kind>(0));
            Assert.Contains("is a DayOfWeek, not a BoxerMpi.Tests.ObjectTests+Kind", third.Message, StringComparison.Ordinal);
            Assert.Equal(Kind.Other, world.ReceiveObject<Kind>(0).Value);
        });

    [Fact]
    public Task An_object_received_as_elements_is_an_error() =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            string text = new('x', 1000);
            if (world.Rank == 0)
            {
                for (int tag = 0; tag < 10; tag++)
                    world.SendObject(text, 1, tag);
                return;
            }

            int[] buffer = new int[1000];
            IsAnObject(() => world.Receive<int>(buffer, 0, 0));
            Request request = world.StartReceive<int>(buffer, 0, 1);
            IsAnObject(() => request.Wait());
            IsAnObject(() => request.Test(out _));
            IsAnObject(() => world.ReceiveOwned<sbyte>(0, 2));
            IsAnObject(() => world.SendReceive<int>([], Communicator.NoRank, buffer, 0, 3));
            IsAnObject(() => world.SendReceive<int>([], 1, buffer, 0, 4));
            await Assert.ThrowsAsync<WireFormatException>(async () => await world.ReceiveAsync<int>(buffer, 0, 5, token));
            await Assert.ThrowsAsync<WireFormatException>(async () => await world.ReceiveOwnedAsync<sbyte>(0, 6, token));
            using (MatchedMessage probed = world.MatchedProbe(0, 7))
                IsAnObject(() => probed.Receive<int>(buffer));
            using (MatchedMessage probed = world.MatchedProbe(0, 8))
                await Assert.ThrowsAsync<WireFormatException>(async () => await probed.ReceiveAsync<int>(buffer, token));

            // Bytes may be anything, and may be sent on.
            using Received<byte> bytes = world.ReceiveOwned<byte>(0, 9);
            Task sending = world.SendAsync<byte>(bytes.Memory, 1, 9, token).AsTask();
            Assert.Equal(text, world.ReceiveObject<string>(1, 9).Value);
            await sending;
        });

    private static int Swap(Communicator world, int value)
    {
        int received = 0;
        world.SendReceive<int>([value], 1 - world.Rank, new Span<int>(ref received), 1 - world.Rank);
        return received;
    }

    private static void IsNoObject(string expected, Action receive)
    {
        WireFormatException error = Assert.Throws<WireFormatException>(receive);
        Assert.Contains($"is no object, so no {expected}", error.Message, StringComparison.Ordinal);
    }

    private static void IsAnObject(Action receive)
    {
        WireFormatException error = Assert.Throws<WireFormatException>(receive);
        Assert.Contains("is an object (String) and was received as elements of", error.Message, StringComparison.Ordinal);
    }

    private enum Kind
    {
        Other = 7,
    }
}
