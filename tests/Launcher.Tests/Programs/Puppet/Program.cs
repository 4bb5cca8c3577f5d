// One rank that does what the tests tell it: boxer run -n 4 Puppet.dll WHAT [RANK].
using System.Diagnostics;
using BoxerMpi;
using BoxerMpi.Rendezvous;

string what = args[0];
if (what == "until")
    return MpiProgram.Run(Until);
if (what == "open")
{
    return MpiProgram.Run(world =>
    {
        // The file has come: what a program opens for a moment must be there.
        Until(world);
        FileStream[] files = [.. Enumerable.Range(0, 8).Select(_ => File.OpenRead(args[1]))];
        Array.ForEach(files, file => file.Dispose());
        return 0;
    });
}

if (what == "cluster")
    return await Scarcity.ClusterAsync(int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture), args[2]);

int who = args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : -1;
string? requested = Environment.GetEnvironmentVariable("BOXER_RANK");
if (what == "before" && requested == args[1])
    return 6;
if (what == "absent" && requested == args[1])
    return 0;
if (what is "short" or "shortForGood" && requested == args[1])
    return Scarcity.Join(int.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture), what == "shortForGood");
if (what is "shortOfLink" or "shortOfLinkForGood" && requested == args[1])
    return Scarcity.Link(what == "shortOfLinkForGood");
if (what.StartsWith("short", StringComparison.Ordinal))
    return MpiProgram.Run(world => world.Barrier());
if (what == "stand")
    return await StandAsync(args[2]);
if (what == "quitMain")
{
    // A program with a Main of its own.
    MpiEnvironment environment = Mpi.Initialize();
    environment.World.Barrier();
    return environment.World.Quit(8, "puppet: not today");
}

if (what == "exit")
{
    // A program with a Main of its own that forgets to leave.
    MpiEnvironment environment = Mpi.Initialize();
    environment.World.Barrier();
    if (environment.World.Rank == who)
        Environment.Exit(0);
    environment.World.Receive<int>(who);
}

return MpiProgram.Run(world =>
{
    Console.WriteLine($"pid {Environment.ProcessId}");
    world.Barrier();
    if (what == "talk")
    {
        // WHO is an amount here: each rank sends so many bytes to the next.
        byte[] received = new byte[who];
        world.SendReceive<byte>(new byte[who], (world.Rank + 1) % world.Size, received, (world.Rank + world.Size - 1) % world.Size);
        return 0;
    }

    if (what == "time")
    {
        Console.WriteLine($"minutes left: {world.RemainingTime?.TotalMinutes:F0}");
        return 0;
    }

    if (world.Rank == who)
    {
        switch (what)
        {
            case "throw":
                throw new InvalidOperationException("the puppet's error");
            case "code":
                return 5;
            case "die":
                Process.GetCurrentProcess().Kill();
                break;
            case "exit7":
                Environment.Exit(7);
                break;
            case "quit":
                return world.Quit(8, "puppet: not today");
            case "hang":
                // Never looks at messages again, so nothing reaches it but signals.
                new ManualResetEvent(false).WaitOne();
                break;
        }
    }

    if (who >= 0)
    {
        // Depends on a rank that will not send: only the job's end ends it.
        world.Receive<int>(who);
    }

    Console.WriteLine($"rank {world.Rank} of {world.Size}");
    return 0;
});

// Rank WHO stands still for ever in a phase of the job, for somebody to end it there.
async Task<int> StandAsync(string phase)
{
    bool isIt = requested == args[1];
    Console.WriteLine($"pid {Environment.ProcessId}");
    if (isIt && phase == "start")
        Stand();
    if (isIt && phase == "wire-up")
    {
        // It has joined and keeps in touch, and no link to it comes up.
        await using JobClient job = await JobClient.JoinAsync(JobEnvironment.Read()!);
        Stand();
    }

    int code = MpiProgram.Run(world =>
    {
        world.Barrier();
        if (isIt && phase == "body")
            Stand();
        if (isIt && phase == "barrier")
            Console.WriteLine("here");
        if (!isIt && phase != "end")
            world.Receive<int>(who);
    });
    if (isIt)
        Stand();
    return code;

    static void Stand()
    {
        Console.WriteLine("here");
        new ManualResetEvent(false).WaitOne();
    }
}

// Goes on exchanging messages until there is a file of that name.
int Until(Communicator world)
{
    Span<int> isThere = [0];
    for (int round = 1; isThere[0] == 0; round++)
    {
        isThere[0] = File.Exists(args[1]) ? 1 : 0;
        world.Broadcast(isThere, root: 0);
        if (round == 1)
            Console.WriteLine($"pid {Environment.ProcessId}");
    }

    Console.WriteLine($"rank {world.Rank} of {world.Size}");
    return 0;
}
