namespace BoxerMpi.Launcher.Bench;

// Messages between ranks 0 and 1.
internal static partial class BenchOperations
{
    private const int AcknowledgementTag = 1;

    private static void FillForPeer(BenchBuffers b) => FillBlock(b.Send, b.Rank, 1 - b.Rank);
    private static void CheckFromPeer(BenchBuffers b) => CheckBlock(b.Receive, 1 - b.Rank, b.Rank);

    private static void PingPong(BenchBuffers b)
    {
        if (b.Rank == 0)
        {
            b.World.Send<byte>(b.Send, 1);
            b.World.Receive<byte>(b.Receive, 1, 0);
        }
        else
        {
            b.World.Receive<byte>(b.Receive, 0, 0);
            b.World.Send<byte>(b.Send, 0);
        }
    }

    private static void Stream(BenchBuffers b)
    {
        if (b.Rank == 0)
        {
            for (int i = 0; i < Window; i++)
                b.Requests[i] = b.World.StartSend<byte>(b.Send, 1);
            Request.WaitAll(b.Requests);
        }
        else
        {
            for (int i = 0; i < Window; i++)
                b.Requests[i] = b.World.StartReceive<byte>(b.Receive.AsMemory(i * b.Bytes, b.Bytes), 0, 0);
            Request.WaitAll(b.Requests);
        }
        Acknowledge(b);
    }

    private static void MessageRate(BenchBuffers b)
    {
        if (b.Rank == 0)
        {
            for (int i = 0; i < Window; i++)
                b.World.Send<byte>(b.Send, 1);
        }
        else
        {
            for (int i = 0; i < Window; i++)
                b.World.Receive<byte>(b.Receive.AsSpan(i * b.Bytes, b.Bytes), 0, 0);
        }
        Acknowledge(b);
    }

    private static void Acknowledge(BenchBuffers b)
    {
        if (b.Rank == 0)
            b.World.Receive<byte>(b.Acknowledgement, 1, AcknowledgementTag);
        else
            b.World.Send<byte>(b.Acknowledgement, 0, AcknowledgementTag);
    }

    private static void CheckWindow(BenchBuffers b)
    {
        for (int i = 0; i < Window && b.Rank == 1; i++)
            CheckBlock(b.Receive.AsSpan(i * b.Bytes, b.Bytes), 0, 1);
    }
}
