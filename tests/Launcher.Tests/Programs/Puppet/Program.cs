// One rank that does what the tests tell it: boxer run -n 4 Puppet.dll WHAT [RANK].
using System.Diagnostics;
using BoxerMpi;

string what = args[0];
if (what == "until")
    return MpiProgram.Run(args, Until);
if (what == "open")
{
    return MpiProgram.Run(args, world =>
    {
        // The file has come: what a program opens for a moment must be there.
        Until(world);
        FileStream[] files = [.. Enumerable.Range(0, 8).Select(_ => File.OpenRead(args[1]))];
        Array.ForEach(files, file => file.Dispose());
        return 0;
    });
}

int who = args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : -1;
string? requested = Environment.GetEnvironmentVariable("BOXER_RANK");
if (what == "before" && requested == args[1])
    return 6;
if (what == "absent" && requested == args[1])
    return 0;
if (what == "exit")
{
    // A program with a Main of its own that forgets to leave.
    MpiEnvironment environment = Mpi.Initialize();
    environment.World.Barrier();
    if (environment.World.Rank == who)
        Environment.Exit(0);
    environment.World.Receive<int>(who);
}

return MpiProgram.Run(args, world =>
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
            case "quit":
                Environment.Exit(7);
                break;
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
