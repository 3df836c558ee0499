"""What colleagues on the same map hear of each other, over Redis. Without it everything else works."""
