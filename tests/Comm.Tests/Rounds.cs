using BoxerMpi.Internal;

namespace BoxerMpi.Tests;

/// <summary>Rounds of one or two operations, as the collectives make them.</summary>
internal static class Rounds
{
    /// <summary>Waits for four bytes of a rank in a round of its own.</summary>
    public static unsafe void Receive(Communicator communicator, int source, params ReadOnlySpan<int> others)
    {
        byte* buffer = stackalloc byte[64];
        CompletionGroup group = communicator.RentCompletion("Barrier", communicator.NextCollective());
        try
        {
            using (communicator.EnterPosts())
            {
                communicator.PostReceive(group, source, buffer, 4);
                for (int i = 0; i < others.Length; i++)
                    communicator.PostReceive(group, others[i], buffer + (4 * (i + 1)), 4);
                communicator.WaitPosted(group);
            }
        }
        finally
        {
            communicator.Return(group);
        }
    }

    public static unsafe void Send(Communicator communicator, int destination, ReadOnlySpan<byte> data, long? sequence = null)
    {
        CompletionGroup group = communicator.RentCompletion("Barrier", sequence ?? communicator.NextCollective());
        try
        {
            fixed (byte* start = data)
            {
                using (communicator.EnterPosts())
                {
                    communicator.PostSend(group, destination, start, data.Length);
                    communicator.WaitPosted(group);
                }
            }
        }
        finally
        {
            communicator.Return(group);
        }
    }

    public static async Task ReceiveAsync(Communicator communicator, int source, CancellationToken cancellationToken = default)
    {
        using Received<byte> memory = Block(4);
        CompletionGroup group = communicator.RentCompletion("Barrier", communicator.NextCollective());
        try
        {
            Post(communicator, group, source, memory);
            await communicator.WaitPostedAsync(group, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            communicator.Return(group);
        }

        static unsafe void Post(Communicator communicator, CompletionGroup group, int source, Received<byte> memory)
        {
            using (communicator.EnterPosts())
                communicator.PostReceive(group, source, (byte*)memory.Pin().Pointer, 4);
        }
    }

    private static unsafe Received<byte> Block(int bytes) =>
        new((byte*)System.Runtime.InteropServices.NativeMemory.AllocZeroed((nuint)bytes), bytes, default);
}
