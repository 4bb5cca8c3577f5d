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

    public static unsafe void Send(Communicator communicator, int destination, ReadOnlySpan<byte> data)
    {
        CompletionGroup group = communicator.RentCompletion("Barrier", communicator.NextCollective());
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
        AwaitedRound round = new(communicator, source, memory);
        ValueTask done = round.BeginAsync(communicator, "Barrier", communicator.NextCollective());
        CancellationTokenRegistration registration = round.GiveUpOn(cancellationToken);
        await using (registration.ConfigureAwait(false))
            await done.ConfigureAwait(false);
    }

    private static unsafe Received<byte> Block(int bytes) =>
        new((byte*)System.Runtime.InteropServices.NativeMemory.AllocZeroed((nuint)bytes), bytes, default);

    /// <summary>One receive, and nothing to do when it has ended.</summary>
    private sealed class AwaitedRound(Communicator communicator, int source, Received<byte> memory)
        : RunningCollective(communicator.Messenger)
    {
        private bool _isOver;

        protected override bool HasRound => !_isOver;

        protected override bool LocalStepsAreShort => true;

        protected override void RunFirstSteps()
        {
        }

        protected override unsafe void Post(Communicator on, CompletionGroup group) =>
            on.PostReceive(group, source, (byte*)memory.Pin().Pointer, 4);

        protected override void RunLocalSteps() => _isOver = true;
    }
}
