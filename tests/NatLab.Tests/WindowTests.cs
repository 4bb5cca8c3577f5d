using System.Net;
using System.Net.Sockets;
using BoxerMpi.NatLab.Tests.Support;

namespace BoxerMpi.NatLab.Tests;

/// <summary>What a gateway that checks sequence numbers does to a second attempt through the mapping of a first one.</summary>
public sealed class WindowTests
{
    // Initial sequence numbers grow by one each 64 ns: after this time the second attempt is far outside of the first one's window.
    private const int PauseMicroseconds = 50_000;
    private const int AnswerMicroseconds = 700_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_listener_behind_the_hole_of_a_closed_attempt_is_reached_with_a_liberal_window_only(bool strict)
    {
        using Lab lab = Machine.Make(new LabOptions { Hosts = 2, StrictWindow = strict });
        LabHost caller = lab.Hosts[0], called = lab.Hosts[1];
        using Socket seed = lab.Seed.Run(() => Probe.Listen(Lab.SeedAddress));
        using Socket listener = called.Run(() => Probe.Listen(called.Address, 43000));
        using (Socket doomed = called.Run(() => Probe.Begin(new IPEndPoint(caller.PublicAddress, 43001), fromPort: 43000)))
            Assert.False(doomed.Poll(PauseMicroseconds, SelectMode.SelectWrite));

        using Socket second = caller.Run(() => Probe.Begin(new IPEndPoint(called.PublicAddress, 43000), fromPort: 43001));
        bool isReached = second.Poll(AnswerMicroseconds, SelectMode.SelectWrite) && second.Connected && Echoes(second, listener);
        Assert.Equal(!strict, isReached);
    }

    /// <summary>Both ends can be connected without any data passing between them.</summary>
    private static bool Echoes(Socket from, Socket listener)
    {
        if (!listener.Poll(AnswerMicroseconds, SelectMode.SelectRead))
            return false;
        using Socket accepted = listener.Accept();
        accepted.Send([1]);
        return from.Poll(AnswerMicroseconds, SelectMode.SelectRead) && from.Receive(new byte[1]) == 1;
    }
}
