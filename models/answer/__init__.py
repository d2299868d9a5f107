"""What a trained model says of one picture: prediction, sets, domain, steadiness, saliency."""
