using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using BoxerMpi;
using BoxerMpi.Rendezvous;
using BoxerMpi.Transport;
using Microsoft.Win32.SafeHandles;

/// <summary>A process that has few descriptors left, or none, for a moment or for good.</summary>
internal static class Scarcity
{
    private static readonly List<SafeFileHandle> Held = [];
    private static readonly List<string> Said = [];

    /// <summary>A rank that finds so many descriptors free when it joins.</summary>
    /// <param name="free">How many.</param>
    /// <param name="forGood">Nothing is given back; otherwise all is, when the library says for the first time that there was none.</param>
    public static int Join(int free, bool forGood)
    {
        WarmUp();
        Hold(free);
        try
        {
            MpiEnvironment environment = MpiEnvironment.Start(Options(forGood));
            environment.World.Barrier();
            environment.Dispose();
            Console.WriteLine($"joined although {Said[0]}");
            return 0;
        }
        catch (MpiException error) when (forGood)
        {
            return Fail(error);
        }
    }

    /// <summary>A rank that has joined and finds no descriptor for a link.</summary>
    /// <inheritdoc cref="Join"/>
    public static int Link(bool forGood)
    {
        WarmUp();
        JobClient job = JobClient.JoinAsync(Options(forGood)).GetAwaiter().GetResult();
        Hold(free: 0);
        try
        {
            WireUpOptions options = new() { Timeout = TimeSpan.FromSeconds(forGood ? 1 : 60) };
            job.WireUpAsync(job.Topology, (_, socket) => socket.Dispose(), options).GetAwaiter().GetResult();
            Console.WriteLine($"linked although {Said[0]}");
            return 3;
        }
        catch (MpiException error) when (forGood)
        {
            return Fail(error);
        }
    }

    /// <summary>Clusters of ranks in this process; the soft limit is too low for them.</summary>
    public static async Task<int> ClusterAsync(int size, string topology)
    {
        Lower(soft: 256);
        LocalClusterOptions options = new() { Transport = LocalTransport.Tcp, Topology = topology };
        try
        {
            await LocalCluster.RunAsync(size, EachToEach, options);
            Console.WriteLine("ran");
        }
        catch (Exception error) when (error is IOException or RankFailedException)
        {
            Console.WriteLine($"failed: {error.Message}");
        }

        // Whatever became of it, nothing of it is left open.
        await LocalCluster.RunAsync(4, EachToEach, options);
        return 0;
    }

    private static void EachToEach(Communicator world)
    {
        Request[] received = [.. Others(world).Select(peer => world.StartReceive<int>(new int[1], peer))];
        foreach (int peer in Others(world))
            world.Send<int>([peer], peer);
        Request.WaitAll(received);
    }

    private static IEnumerable<int> Others(Communicator world) => Enumerable.Range(0, world.Size).Where(peer => peer != world.Rank);

    private static unsafe void Lower(ulong soft)
    {
        ResourceLimit limit;
        _ = ResourceLimit.Get(ResourceLimit.OpenFiles, &limit);
        limit.Soft = Math.Min(soft, limit.Hard);
        _ = ResourceLimit.Set(ResourceLimit.OpenFiles, &limit);
    }

    /// <summary>What the runtime opens by itself, once, is open: its libraries above all. Nothing here uses its pool of threads.</summary>
    private static void WarmUp()
    {
        HashSet<string> known = [];
        Load(Assembly.GetExecutingAssembly());
        HMACSHA256.HashData(RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32));
        try
        {
            // Nobody is there.
            JoinOptions join = Options(forGood: true) with
            {
                Seed = new IPEndPoint(IPAddress.Loopback, 1),
                Timeout = TimeSpan.FromSeconds(0.1),
            };
            MpiEnvironment.Start(join).Dispose();
        }
        catch (RendezvousException error)
        {
            Console.WriteLine($"pid {Environment.ProcessId}: {error.Reason}");
        }

        void Load(Assembly assembly)
        {
            foreach (AssemblyName name in assembly.GetReferencedAssemblies())
            {
                if (known.Add(name.FullName))
                    Load(Assembly.Load(name));
            }
        }
    }

    private static JoinOptions Options(bool forGood) => JobEnvironment.Read()! with
    {
        Timeout = TimeSpan.FromSeconds(forGood ? 1 : 60),
        Log = line =>
        {
            if (!line.Contains("no file descriptor is left", StringComparison.Ordinal))
                return;
            Said.Add(line);
            if (!forGood)
                GiveBack();
        },
    };

    private static int Fail(MpiException error)
    {
        GiveBack();
        Console.WriteLine($"failed: {error.Message}");
        return 3;
    }

    private static void Hold(int free)
    {
        try
        {
            while (true)
                Held.Add(File.OpenHandle("/dev/null"));
        }
        catch (IOException)
        {
            // That was the last one.
        }

        for (int i = 0; i < free; i++)
            Held[i].Dispose();
    }

    private static void GiveBack() => Held.ForEach(file => file.Dispose());
}
